package tailorbird.bridge;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What instrumented classes call. Each candidate's class loader defines its own copy, so that coverage, and the wish to exit, are one
 * candidate's alone, whatever threads an earlier one left behind.
 */
public final class Probes {
    /** Probes of each class by JaCoCo's class id. */
    public static final Map<Long, boolean[]> HIT = new ConcurrentHashMap<>();

    /**
     * By index, the methods of the focal class that were entered, however they ended: JaCoCo does not see one that ends by an exception at
     * once. The worker gives it its length.
     */
    public static volatile boolean[] entered = {};

    /** Exit status that was asked for; null for none. */
    public static volatile Integer exit;

    /** The candidate's time is up: its loops, and those of the project under it, end at their next turn. */
    public static volatile boolean stopped;

    /** By index, the mutants whose place the candidate came to; the worker gives it its length. */
    public static volatile boolean[] reached = {};

    private Probes() {}

    /** At the start of each method of the focal class. */
    public static void enter(int index) {
        boolean[] methods = entered;
        if (index < methods.length) {
            methods[index] = true;
        }
    }

    /** Before an instruction that a mutant would change. */
    public static void reach(int index) {
        reached[index] = true;
    }

    /** At the end of each turn of a loop. */
    public static void turn() {
        if (stopped) {
            throw new StopError();
        }
    }

    /** The probe array of a class, made when its first method runs. */
    public static boolean[] get(long id, String name, int count) {
        return HIT.computeIfAbsent(id, unused -> new boolean[count]);
    }

    /** In place of {@code System.exit}. */
    public static void exit(int status) {
        exit = status;
        throw new ExitError(status);
    }

    /** In place of {@code Runtime.exit} and {@code Runtime.halt}. */
    public static void exit(Runtime runtime, int status) {
        exit(status);
    }

    /** Ends a test whose time is up. */
    public static final class StopError extends Error {
        private static final long serialVersionUID = 1L;

        StopError() {
            super("the test's time was up", null, false, false);
        }
    }

    /** Ends the test that asked the JVM to exit. */
    public static final class ExitError extends Error {
        private static final long serialVersionUID = 1L;

        ExitError(int status) {
            super("the JVM was asked to exit with status " + status);
        }
    }
}
