import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import software.amazon.event.ruler.Machine;

/**
 * Times event-ruler: a file of rules (name TAB pattern a line) and a file of events (a line each) give microseconds an
 * event, in the first pass over the events and after warming up.
 */
public class Ruler {
    private static final long WARM_UP_NANOS = 3_000_000_000L;
    private static final int ROUNDS = 7;
    private static long found;

    public static void main(String[] files) throws Exception {
        Machine machine = new Machine();
        for (String line : Files.readAllLines(Path.of(files[0]))) {
            int tab = line.indexOf('\t');
            machine.addRule(line.substring(0, tab), line.substring(tab + 1));
        }
        List<String> events = Files.readAllLines(Path.of(files[1]));
        System.out.println(ask(machine, events));
        long until = System.nanoTime() + WARM_UP_NANOS;
        while (System.nanoTime() < until) {
            ask(machine, events);
        }
        List<Double> taken = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            taken.add(ask(machine, events));
        }
        Collections.sort(taken);
        System.out.println(taken.get(ROUNDS / 2));
        System.err.println(found);
    }

    private static double ask(Machine machine, List<String> events) throws Exception {
        long started = System.nanoTime();
        for (String event : events) {
            found += machine.rulesForJSONEvent(event).size();
        }
        return (System.nanoTime() - started) / 1e3 / events.size();
    }
}
