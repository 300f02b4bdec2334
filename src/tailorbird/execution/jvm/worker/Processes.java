package tailorbird.worker;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What else runs where this worker runs. */
final class Processes {
    /** Only what this worker has started is seen, and what started it. */
    private static final boolean ISOLATED = Boolean.getBoolean("tailorbird.isolated");

    private static final Set<Long> OURS = seen().map(ProcessHandle::pid).collect(Collectors.toSet());

    private Processes() {}

    /** Looks at what runs before any candidate does. */
    static void remember() {
        OURS.size();
    }

    /** Ends what candidates have started, as far as it can be ended, and says how many there were. */
    static long endOthers() {
        return seen().filter(one -> !OURS.contains(one.pid())).peek(ProcessHandle::destroyForcibly).count();
    }

    private static Stream<ProcessHandle> seen() {
        return ISOLATED ? ProcessHandle.allProcesses() : ProcessHandle.current().descendants();
    }
}
