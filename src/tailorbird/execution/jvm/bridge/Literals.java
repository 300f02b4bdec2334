package tailorbird.bridge;

import java.lang.reflect.Array;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Values as Java writes them, where that is the same in every run. */
final class Literals {
    private static final int LONGEST = 1_000;
    private static final int MOST_ELEMENTS = 100;
    private static final int DEEPEST = 4;
    private static final long DAY = 86_400_000L;

    /** What {@code Object.toString} says: the hash of an identity is another one in each run. */
    private static final Pattern IDENTITY = Pattern.compile("[\\w$;\\])]@[0-9a-f]{5,8}(?![0-9a-zA-Z_])");
    private static final Pattern NUMBER = Pattern.compile("\\d{10,19}");
    private static final String[] DATES = {
        "yyyy-MM-dd", "yyyyMMdd", "yyyy/MM/dd", "dd/MM/yyyy", "MM/dd/yyyy", "d/M/yyyy", "M/d/yyyy", "M/d/yy", "dd.MM.yyyy", "d.M.yyyy",
        "dd-MM-yyyy", "MMM dd", "MMM d,", "dd MMM", "d MMM yyyy", "MMMM d, yyyy", "d MMMM yyyy"
    };
    private static final String[] PLACES = {"java.io.tmpdir", "user.home", "user.dir"};

    private Literals() {}

    /** Null for a value that no literal stands for, or not the same one in each run. */
    static String of(Object value) {
        try {
            String literal = literal(value, 0);
            return literal == null || literal.length() > LONGEST ? null : literal;
        } catch (RuntimeException own) { // A list's methods may be the candidate's own code.
            return null;
        }
    }

    private static String literal(Object value, int depth) {
        if (value == null) {
            return "null";
        }
        if (value instanceof String) {
            return isStable((String) value) ? quoted((String) value, '"') : null;
        }
        if (value instanceof Character) {
            return quoted(String.valueOf(value), '\'');
        }
        if (value instanceof Boolean || value instanceof Integer) {
            return value.toString();
        }
        if (value instanceof Byte || value instanceof Short) {
            return "(" + (value instanceof Byte ? "byte" : "short") + ") " + value;
        }
        if (value instanceof Long) {
            return isNow((Long) value) ? null : value + "L";
        }
        if (value instanceof Float || value instanceof Double) {
            return floating((Number) value);
        }
        if (value instanceof Enum) {
            String name = ((Enum<?>) value).getDeclaringClass().getCanonicalName();
            return name == null ? null : name + "." + ((Enum<?>) value).name();
        }
        if (depth >= DEEPEST) {
            return null;
        }
        if (value.getClass().isArray()) {
            return array(value, depth);
        }
        return value instanceof List ? list((List<?>) value, depth) : null;
    }

    private static String floating(Number value) {
        boolean single = value instanceof Float;
        String type = single ? "Float" : "Double";
        double number = value.doubleValue();
        if (Double.isNaN(number)) {
            return type + ".NaN";
        }
        if (Double.isInfinite(number)) {
            return type + (number > 0 ? ".POSITIVE_INFINITY" : ".NEGATIVE_INFINITY");
        }
        return single ? value + "f" : value.toString();
    }

    private static String array(Object value, int depth) {
        String type = value.getClass().getCanonicalName();
        if (type == null || Array.getLength(value) > MOST_ELEMENTS) {
            return null;
        }
        List<Object> elements = new ArrayList<>();
        for (int index = 0; index < Array.getLength(value); index++) {
            elements.add(Array.get(value, index));
        }
        String inside = joined(elements, depth, value.getClass().getComponentType().isPrimitive());
        return inside == null ? null : "new " + type.replaceFirst("^java\\.lang\\.(?=[A-Z])", "") + " {" + inside + "}";
    }

    private static String list(List<?> value, int depth) {
        if (value.size() > MOST_ELEMENTS) {
            return null;
        }
        List<Object> elements = new ArrayList<>(value);
        if (elements.isEmpty()) {
            return "java.util.Collections.emptyList()";
        }
        String inside = joined(elements, depth, false);
        if (inside == null || elements.size() == 1 && elements.get(0) != null && elements.get(0).getClass().isArray()) {
            return null;
        }
        return inside.equals("null") ? "java.util.Collections.singletonList(null)" : "java.util.Arrays.asList(" + inside + ")";
    }

    private static String joined(List<Object> elements, int depth, boolean primitive) {
        List<String> written = new ArrayList<>();
        for (Object one : elements) {
            String literal = literal(one, depth + 1);
            if (literal == null) {
                return null;
            }
            // An initialiser of bytes takes plain numbers.
            written.add(primitive && (one instanceof Byte || one instanceof Short) ? one.toString() : literal);
        }
        return String.join(", ", written);
    }

    private static boolean isStable(String text) {
        if (IDENTITY.matcher(text).find()) {
            return false;
        }
        for (String place : PLACES) {
            String folder = System.getProperty(place, "");
            if (folder.length() > 1 && text.contains(folder)) {
                return false;
            }
        }
        Matcher numbers = NUMBER.matcher(text);
        while (numbers.find()) {
            if (numbers.group().length() < 19 && isNow(Long.parseLong(numbers.group()))) {
                return false;
            }
        }
        return !hasToday(text);
    }

    private static boolean hasToday(String text) {
        LocalDate today = LocalDate.now();
        for (int days = -1; days <= 1; days++) {
            for (String one : DATES) {
                if (text.contains(today.plusDays(days).format(DateTimeFormatter.ofPattern(one, Locale.ENGLISH)))) {
                    return true;
                }
            }
        }
        return false;
    }

    /** A time of today, in seconds, milliseconds, microseconds or nanoseconds. */
    private static boolean isNow(long value) {
        long now = System.currentTimeMillis();
        return Math.abs(value - now) < DAY
            || Math.abs(value - now / 1_000) < DAY / 1_000
            || Math.abs(value - now * 1_000) < DAY * 1_000
            || Math.abs(value - now * 1_000_000) < DAY * 1_000_000
            || value > 1_000_000_000 && Math.abs(value - System.nanoTime()) < DAY * 1_000;
    }

    private static String quoted(String text, char mark) {
        StringBuilder out = new StringBuilder().append(mark);
        for (int index = 0; index < text.length(); index++) {
            char one = text.charAt(index);
            int simple = "\b\t\n\f\r\\".indexOf(one);
            if (simple >= 0) {
                out.append('\\').append("btnfr\\".charAt(simple));
            } else if (one == mark) {
                out.append('\\').append(one);
            } else if (one < ' ' || one > '~') {
                out.append(String.format("\\u%04x", (int) one));
            } else {
                out.append(one);
            }
        }
        return out.append(mark).toString();
    }
}
