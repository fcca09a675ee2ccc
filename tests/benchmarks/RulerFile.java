import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import software.amazon.event.ruler.Machine;

/**
 * Counts what each rule matches in a gzip file of events, a line each, in one thread: rules (name TAB pattern a line),
 * the file, and how many lines at most. Prints events, seconds, seconds of processor time of the whole process since
 * the rules were added, and then the matches of each rule.
 */
public class RulerFile {
    public static void main(String[] arguments) throws Exception {
        Machine machine = new Machine();
        for (String line : Files.readAllLines(Path.of(arguments[0]))) {
            int tab = line.indexOf('\t');
            machine.addRule(line.substring(0, tab), line.substring(tab + 1));
        }
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        Map<String, Long> matches = new TreeMap<>();
        long most = Long.parseLong(arguments[2]);
        long events = 0;
        long started = System.nanoTime();
        long processor = system.getProcessCpuTime();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(new FileInputStream(arguments[1]), 1 << 18), StandardCharsets.UTF_8), 1 << 18)) {
            for (String line = lines.readLine(); line != null && events < most; line = lines.readLine()) {
                events++;
                for (Object rule : machine.rulesForJSONEvent(line)) {
                    matches.merge(rule.toString(), 1L, Long::sum);
                }
            }
        }
        System.out.println(events);
        System.out.println((System.nanoTime() - started) / 1e9);
        System.out.println((system.getProcessCpuTime() - processor) / 1e9);
        matches.forEach((rule, count) -> System.out.println(rule + "\t" + count));
    }
}
