package tailorbird.bridge;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What assertions of a candidate look at, and which of them fail. Its own assertions call this, in a copy of it that is compiled for the
 * purpose. Each candidate's class loader defines a class of its own.
 */
public final class Observe {
    /** {@code {place, literal or null, whether it failed}} for each time that an assertion was come to, in order. */
    public static final List<Object[]> SEEN = new ArrayList<>();

    private static final int MOST = 1_000;
    /** What each place is looking at; nothing where its value is yet to come. */
    private static final Map<Integer, Object[]> NOW = new HashMap<>();

    private Observe() {}

    /** Before an assertion. */
    public static synchronized void begin(int place) {
        NOW.remove(place);
    }

    /** An assertion has failed; what was thrown before it had its value is no failure of its own. */
    public static synchronized void failed(int place, AssertionError error) {
        Object[] now = NOW.get(place);
        if (now == null) {
            throw error;
        }
        now[2] = true;
    }

    private static synchronized void note(int place, Object value) {
        if (SEEN.size() < MOST) {
            Object[] now = {place, Literals.of(value), false};
            SEEN.add(now);
            NOW.put(place, now);
        }
    }

    // One for each primitive type, so that the assertion is the same one as without.

    public static boolean value(int place, boolean value) {
        note(place, value);
        return value;
    }

    public static byte value(int place, byte value) {
        note(place, value);
        return value;
    }

    public static short value(int place, short value) {
        note(place, value);
        return value;
    }

    public static char value(int place, char value) {
        note(place, value);
        return value;
    }

    public static int value(int place, int value) {
        note(place, value);
        return value;
    }

    public static long value(int place, long value) {
        note(place, value);
        return value;
    }

    public static float value(int place, float value) {
        note(place, value);
        return value;
    }

    public static double value(int place, double value) {
        note(place, value);
        return value;
    }

    public static <T> T value(int place, T value) {
        note(place, value);
        return value;
    }
}
