import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.JsonRuleCompiler;
import software.amazon.event.ruler.Machine;
import software.amazon.event.ruler.MachineComplexityEvaluator;

/** Reads {"pattern": text, "beside": [text, ...], "events": [text, ...]} a line; answers {"error": text or null, "matches": [...], "complexity": n}. */
public class Oracle {
    public static void main(String[] args) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        String line;
        while ((line = in.readLine()) != null) {
            JsonNode asked = mapper.readTree(line);
            ObjectNode answer = mapper.createObjectNode();
            Machine machine = new Machine();
            try {
                // addRule alone would read a pattern that the check rejects again, with an older reader.
                String rejection = JsonRuleCompiler.check(asked.get("pattern").asText());
                if (rejection != null) {
                    throw new IllegalArgumentException(rejection);
                }
                machine.addRule("rule", asked.get("pattern").asText());
                for (JsonNode beside : asked.path("beside")) {
                    machine.addRule("beside", beside.asText());
                }
                answer.putNull("error");
                if (asked.has("complexity")) {
                    answer.put("complexity", machine.evaluateComplexity(new MachineComplexityEvaluator(1000)));
                }
                for (JsonNode event : asked.get("events")) {
                    try {
                        answer.withArray("matches").add(machine.rulesForJSONEvent(event.asText()).contains("rule"));
                    } catch (Exception rejected) {
                        answer.withArray("matches").addNull();
                    }
                }
            } catch (Throwable rejected) {
                answer.put("error", String.valueOf(rejected.getMessage()));
            }
            out.println(mapper.writeValueAsString(answer));
            if (!in.ready()) {
                out.flush();
            }
        }
        out.flush();
    }
}
