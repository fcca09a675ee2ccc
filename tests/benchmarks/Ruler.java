import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import software.amazon.event.ruler.Machine;

/** Times event-ruler: arguments are pairs of a file of rules (name TAB pattern a line) and a file of events (a line each). */
public class Ruler {
    private static final long WARM_UP_NANOS = 3_000_000_000L;
    private static final int ROUNDS = 7;
    private static long found;

    public static void main(String[] files) throws Exception {
        for (int index = 0; index < files.length; index += 2) {
            Machine machine = new Machine();
            for (String line : Files.readAllLines(Path.of(files[index]))) {
                int tab = line.indexOf('\t');
                machine.addRule(line.substring(0, tab), line.substring(tab + 1));
            }
            List<String> events = Files.readAllLines(Path.of(files[index + 1]));
            long until = System.nanoTime() + WARM_UP_NANOS;
            while (System.nanoTime() < until) {
                ask(machine, events);
            }
            List<Double> taken = new ArrayList<>();
            for (int round = 0; round < ROUNDS; round++) {
                long started = System.nanoTime();
                ask(machine, events);
                taken.add((System.nanoTime() - started) / 1e3 / events.size());
            }
            Collections.sort(taken);
            System.out.println(taken.get(ROUNDS / 2));
        }
        System.err.println(found);
    }

    private static void ask(Machine machine, List<String> events) throws Exception {
        for (String event : events) {
            found += machine.rulesForJSONEvent(event).size();
        }
    }
}
