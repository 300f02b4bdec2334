package tailorbird.worker;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TimeZone;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jacoco.core.analysis.Analyzer;
import org.jacoco.core.analysis.CoverageBuilder;
import org.jacoco.core.analysis.IClassCoverage;
import org.jacoco.core.analysis.ILine;
import org.jacoco.core.data.ExecutionData;
import org.jacoco.core.data.ExecutionDataStore;

/** Runs one candidate in a thread of its own, with a deadline, and says what happened. */
final class Execution {

    /** What to run. */
    static class Job {
        /** Folder of the candidate's classes. */
        String classes = "";
        /** Binary name of the test class. */
        String owner = "";
        /** Name of the test method; all of that name are run. Empty for all tests of the class. */
        String method = "";
        long deadline_ms = 10_000;
        /** Load the project's dependencies anew too. */
        boolean fresh;
        Focal focal = new Focal();
        /** It was compiled to say what its assertions look at. */
        boolean observe;
    }

    /** The focal method, which coverage is told of. */
    static final class Focal {
        /** Internal name of its class; empty for none. */
        String owner = "";
        String name = "";
        int line;
        int end_line;
    }

    /** What happened. */
    static final class Outcome extends Main.Answer {
        /** Events of the JUnit Platform in order: kind, what it is of, and, for a failure, the throwable. */
        List<Event> events = new ArrayList<>();
        /** A throwable that reached the runner itself. */
        Thrown crash;
        boolean timeout;
        /** Status with which the JVM was to be ended. */
        Integer exit;
        boolean out_of_memory;
        /** Threads that it left behind and that did not end when interrupted; of one ended for their number, how many it had. */
        int threads;
        /** Processes that it left behind, its children's children included where none but its own are seen. */
        long processes;
        double milliseconds;
        /** What the system class loader has found is known to it for good: this JVM cannot load dependencies anew any more. */
        boolean pinned;
        /** Nor classes of the project: this JVM is of no more use. */
        boolean pinned_own;
        /** The focal method was entered. */
        boolean entered;
        List<Coverage> coverage = new ArrayList<>();
        List<Observation> observations = new ArrayList<>();
    }

    /** What one assertion looked at, each time that it was come to. */
    static final class Observation {
        int place;
        /** Null where no literal stands for the value in each run. */
        String literal;
        boolean failed;
    }

    /** One event. */
    static final class Event {
        String kind = "";
        String name = "";
        Thrown thrown;
    }

    /** A throwable as data. */
    static final class Thrown {
        String type = "";
        /** Names of its superclasses. */
        List<String> above = new ArrayList<>();
        String message = "";
        List<String> trace = new ArrayList<>();
        /** An assertion of the test failed, or an exception that it expects was missing. */
        boolean asserted;
    }

    /** Coverage of one class. */
    static final class Coverage {
        String name = "";
        /** For each line with code five numbers: its own, covered and all instructions, covered and all branches. */
        int[] lines = {};
    }

    private static final int GRACE_MS = 200;
    private static final int MAX_TEXT = 2_000;
    private static final int MAX_TRACE = 12;
    private static final int MAX_EVENTS = 2_000;
    static final int MAX_THREADS = 512;
    private static final int POLL_MS = 50;
    /** A candidate beside one that takes all processors is given more time, but no more than this many times its own. */
    private static final int MAX_STRETCH = 3;

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final CandidateLoader loader;
    private final ProjectClasses main;
    private final Job job;
    /** What is known of coverage, by class and probes; null where nobody asks for any. */
    private final Map<List<Object>, List<Coverage>> covered;
    private final Outcome outcome = new Outcome();
    private final String classPath;
    private boolean closed;

    Execution(CandidateLoader loader, ProjectClasses main, Job job, Map<List<Object>, List<Coverage>> covered, String classPath) {
        this.loader = loader;
        this.main = main;
        this.job = job;
        this.covered = covered;
        this.classPath = job.classes + File.pathSeparator + classPath;
    }

    Outcome run() {
        State before = new State();
        ThreadGroup group = new ThreadGroup("candidate");
        Thread thread = new Thread(group, this::runTest, "candidate", 0);
        // As a build's own main thread is; the worker ends by halting the JVM.
        thread.setDaemon(false);
        thread.setContextClassLoader(loader);
        // Under a build this names all that a test sees, and some tests look for their own classes there.
        System.setProperty("java.class.path", classPath);
        SystemLoader.follow(loader);
        long start = System.nanoTime();
        thread.start();
        await(thread, group, start);
        double milliseconds = (System.nanoTime() - start) / 1e6;
        // Not under the lock: a thread that waits for it could not end.
        end(thread, group);
        synchronized (outcome) {
            closed = true;
            SystemLoader.follow(null);
            outcome.pinned = SystemLoader.handedAny();
            outcome.pinned_own = SystemLoader.handedOwn();
            outcome.milliseconds = milliseconds;
            before.restore();
            if (covered != null && !outcome.timeout && !outcome.out_of_memory) {
                cover();
            }
        }
        return outcome;
    }

    private void await(Thread thread, ThreadGroup group, long start) {
        long deadline = start + job.deadline_ms * 1_000_000;
        long latest = start + job.deadline_ms * 1_000_000 * MAX_STRETCH;
        try {
            while (thread.isAlive()) {
                long left = (deadline - System.nanoTime()) / 1_000_000;
                if (left <= 0) {
                    deadline = Math.min(System.nanoTime() + starved(thread, start), latest);
                    left = (deadline - System.nanoTime()) / 1_000_000;
                }
                if (left <= 0) {
                    outcome.timeout = true;
                    return;
                }
                int threads = group.activeCount();
                if (threads > MAX_THREADS) {
                    outcome.threads = threads;
                    return;
                }
                thread.join(Math.min(left, POLL_MS));
            }
        } catch (InterruptedException never) {
            Thread.currentThread().interrupt();
        }
    }

    /** Nanoseconds that a thread which wants to run has not had the processor, if those are most of its time. */
    private static long starved(Thread thread, long start) {
        if (thread.getState() != Thread.State.RUNNABLE) {
            return 0;
        }
        long elapsed = System.nanoTime() - start;
        long had = Math.max(0, THREADS.getThreadCpuTime(thread.getId()));
        return had < elapsed / 2 ? elapsed - had : 0;
    }

    /** Interrupts what is left of the candidate; what does not end then is counted. */
    private void end(Thread thread, ThreadGroup group) {
        long until = System.nanoTime() + GRACE_MS * 1_000_000L;
        int alive = group.activeCount();
        if (alive > 0) {
            try {
                loader.stop();
            } catch (ReflectiveOperationException | LinkageError none) {
                // Then only the interrupt is left.
            }
        }
        while (alive > 0 && System.nanoTime() < until) {
            group.interrupt();
            try {
                if (thread.isAlive()) {
                    thread.join(POLL_MS / 5);
                } else {
                    Thread.sleep(2);
                }
            } catch (InterruptedException never) {
                Thread.currentThread().interrupt();
            }
            alive = group.activeCount();
        }
        outcome.threads = Math.max(outcome.threads, alive);
        outcome.processes = Processes.endOthers();
        try {
            outcome.exit = loader.exit();
            outcome.entered = loader.entered();
            for (Object[] one : job.observe ? loader.observations() : List.<Object[]>of()) {
                Observation observation = new Observation();
                observation.place = (Integer) one[0];
                observation.literal = (String) one[1];
                observation.failed = (Boolean) one[2];
                outcome.observations.add(observation);
            }
        } catch (ReflectiveOperationException | LinkageError none) {
            outcome.exit = null;
        }
    }

    private void runTest() {
        try {
            Class<?> owner = Class.forName(job.owner, false, loader);
            Method[] methods = methods(owner);
            Object runner = loader.loadClass("tailorbird.bridge.TestRunner").getConstructor().newInstance();
            Consumer<Object[]> events = this::note;
            @SuppressWarnings("unchecked")
            Consumer<Object[]> entry = (Consumer<Object[]>) runner;
            entry.accept(new Object[] {owner, methods, events});
        } catch (Throwable error) {
            synchronized (outcome) {
                if (!closed) {
                    outcome.crash = thrown(error);
                    outcome.out_of_memory |= isOutOfMemory(error);
                }
            }
        }
    }

    /** Those of the wished name, nearest class first: the test may be one that the class inherits. */
    private Method[] methods(Class<?> owner) {
        for (Class<?> one = owner; one != null && one != Object.class; one = one.getSuperclass()) {
            Method[] found =
                Arrays.stream(one.getDeclaredMethods())
                    .filter(each -> !each.isSynthetic())
                    .filter(each -> job.method.isEmpty() || each.getName().equals(job.method))
                    .toArray(Method[]::new);
            if (found.length > 0) {
                return found;
            }
        }
        return new Method[0];
    }

    private void note(Object[] given) {
        synchronized (outcome) {
            if (closed) {
                return; // A thread that outlived its candidate says nothing of it.
            }
            if (outcome.events.size() >= MAX_EVENTS && "passed started".contains((String) given[0])) {
                return;
            }
            Event event = new Event();
            event.kind = (String) given[0];
            event.name = cut(String.valueOf(given[1]));
            if (given[2] != null) {
                event.thrown = thrown((Throwable) given[2]);
                outcome.out_of_memory |= isOutOfMemory((Throwable) given[2]);
            }
            outcome.events.add(event);
        }
    }

    private static boolean isOutOfMemory(Throwable error) {
        Throwable one = error;
        for (int depth = 0; one != null && depth < MAX_TRACE; depth++) {
            if (one instanceof OutOfMemoryError) {
                return true;
            }
            one = one.getCause();
        }
        return false;
    }

    private Thrown thrown(Throwable error) {
        Thrown thrown = new Thrown();
        thrown.type = error.getClass().getName();
        for (Class<?> one = error.getClass().getSuperclass(); one != null; one = one.getSuperclass()) {
            thrown.above.add(one.getName());
        }
        try {
            thrown.asserted = Failures.isAsserted(error, main);
            thrown.message = cut(String.valueOf(error.getMessage()));
            for (StackTraceElement one : error.getStackTrace()) {
                if (thrown.trace.size() == MAX_TRACE) {
                    break;
                }
                thrown.trace.add(one.toString());
            }
        } catch (Throwable own) { // getMessage is the candidate's own code.
            thrown.message = "its message could not be had: " + own.getClass().getName();
        }
        return thrown;
    }

    private static String cut(String text) {
        return text.length() > MAX_TEXT ? text.substring(0, MAX_TEXT) : text;
    }

    private void cover() {
        try {
            String name = job.focal.owner;
            Long id = main.id(name);
            if (id == null) {
                return;
            }
            boolean[] hit = loader.hits().get(id);
            boolean[] probes = hit == null ? null : hit.clone();
            List<Object> key = List.of(name, probes == null ? "" : bits(probes));
            List<Coverage> known = covered.get(key);
            if (known == null) {
                known = coverage(name, main.original(name), id, probes);
                covered.put(key, known);
            }
            outcome.coverage = known;
        } catch (ReflectiveOperationException | java.io.IOException | RuntimeException | LinkageError error) {
            outcome.coverage = List.of();
        }
    }

    private static List<Coverage> coverage(String name, byte[] original, long id, boolean[] probes)
        throws java.io.IOException {
        ExecutionDataStore store = new ExecutionDataStore();
        CoverageBuilder builder = new CoverageBuilder();
        if (probes != null) {
            store.put(new ExecutionData(id, name, probes));
        }
        new Analyzer(store, builder).analyzeClass(original, name);
        List<Coverage> found = new ArrayList<>();
        for (IClassCoverage one : builder.getClasses()) {
            found.add(coverage(one));
        }
        return found;
    }

    private static BitSet bits(boolean[] probes) {
        BitSet bits = new BitSet(probes.length);
        for (int index = 0; index < probes.length; index++) {
            bits.set(index, probes[index]);
        }
        return bits;
    }

    private static Coverage coverage(IClassCoverage one) {
        Coverage coverage = new Coverage();
        coverage.name = one.getName();
        IntStream.Builder numbers = IntStream.builder();
        for (int line = one.getFirstLine(); line >= 0 && line <= one.getLastLine(); line++) {
            ILine found = one.getLine(line);
            if (found.getInstructionCounter().getTotalCount() > 0) {
                numbers
                    .add(line)
                    .add(found.getInstructionCounter().getCoveredCount())
                    .add(found.getInstructionCounter().getTotalCount())
                    .add(found.getBranchCounter().getCoveredCount())
                    .add(found.getBranchCounter().getTotalCount());
            }
        }
        coverage.lines = numbers.build().toArray();
        return coverage;
    }

    /** What all candidates of a JVM share, as it was. */
    private static final class State {
        private final Properties properties = (Properties) System.getProperties().clone();
        private final Locale locale = Locale.getDefault();
        private final TimeZone zone = TimeZone.getDefault();
        private final Thread.UncaughtExceptionHandler handler = Thread.getDefaultUncaughtExceptionHandler();
        private final java.io.PrintStream out = System.out;
        private final java.io.PrintStream err = System.err;
        private final java.io.InputStream in = System.in;

        void restore() {
            System.setProperties(properties);
            Locale.setDefault(locale);
            TimeZone.setDefault(zone);
            Thread.setDefaultUncaughtExceptionHandler(handler);
            System.setOut(out);
            System.setErr(err);
            System.setIn(in);
        }
    }
}
