import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Lists the public classes of the JDK's most used packages, with what they declare, one JSON object a line, in the
 * form of Tailorbird's known classes. Type variables become T, type arguments are left out.
 *
 * <p>java ListClasses.java | gzip -9n > classes.jsonl.gz
 */
final class ListClasses {
    private static final List<String> PACKAGES = List.of(
            "java.lang", "java.util", "java.io", "java.math", "java.net", "java.nio", "java.nio.charset",
            "java.nio.file", "java.text", "java.time", "java.util.concurrent", "java.util.concurrent.atomic",
            "java.util.function", "java.util.regex", "java.util.stream", "java.util.zip", "java.nio.channels",
            "java.security", "java.lang.reflect", "java.sql", "javax.sql");

    private ListClasses() {}

    public static void main(String[] arguments) throws IOException, ClassNotFoundException {
        Set<String> seen = new LinkedHashSet<>();
        StringBuilder out = new StringBuilder();
        for (String wanted : PACKAGES) {
            for (Class<?> one : classesOf(wanted)) {
                // Of two classes of one name the first is meant: the packages stand in the order of their use.
                if (one.getDeclaringClass() != null || seen.add(one.getSimpleName())) {
                    out.append(describe(one)).append('\n');
                }
            }
        }
        System.out.write(out.toString().getBytes("UTF-8"));
        System.out.flush();
    }

    private static List<Class<?>> classesOf(String wanted) throws IOException, ClassNotFoundException {
        TreeMap<String, Class<?>> found = new TreeMap<>();
        Path modules = FileSystems.getFileSystem(URI.create("jrt:/")).getPath("/modules");
        for (String module : List.of("java.base", "java.sql")) {
            Path folder = modules.resolve(module).resolve(wanted.replace('.', '/'));
            if (!Files.isDirectory(folder)) {
                continue;
            }
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : (Iterable<Path>) files::iterator) {
                    String name = file.getFileName().toString();
                    if (!name.endsWith(".class") || name.matches(".*\\$\\d.*|(package|module)-info.class")) {
                        continue;
                    }
                    ClassLoader loader = ClassLoader.getPlatformClassLoader();
                    Class<?> one = Class.forName(wanted + "." + name.replace(".class", ""), false, loader);
                    if (isPublic(one)) {
                        found.put(name, one);
                    }
                }
            }
        }
        return new ArrayList<>(found.values());
    }

    private static boolean isPublic(Class<?> one) {
        for (Class<?> at = one; at != null; at = at.getDeclaringClass()) {
            if (!Modifier.isPublic(at.getModifiers())) {
                return false;
            }
        }
        return !one.isAnonymousClass() && !one.isLocalClass() && !one.isSynthetic();
    }

    /** A bridge stands for another method of the class, or makes one of a hidden class public. */
    private static boolean isRepeated(Method method, Class<?> one) {
        // A method of any type whatever says nothing, and nobody calls it.
        if (one == String.class && method.getName().equals("transform")) {
            return true;
        }
        return method.isBridge() && Arrays.stream(one.getMethods()).anyMatch(other -> !other.isBridge()
                && other.getDeclaringClass() == one
                && other.getName().equals(method.getName())
                && other.getParameterCount() == method.getParameterCount());
    }

    private static boolean isListed(Class<?> one) {
        return isPublic(one) && PACKAGES.contains(one.getPackageName());
    }

    private static void addListed(Class<?>[] some, Set<String> to) {
        for (Class<?> one : some) {
            if (isListed(one)) {
                to.add(name(one));
            } else {
                addListed(one.getInterfaces(), to);
            }
        }
    }

    private static String describe(Class<?> one) {
        Class<?> above = one.getSuperclass();
        Set<String> interfaces = new LinkedHashSet<>();
        addListed(one.getInterfaces(), interfaces);
        // What a class declares that is not listed is its listed heirs' own.
        while (above != null && !isListed(above)) {
            addListed(above.getInterfaces(), interfaces);
            above = above.getSuperclass();
        }
        boolean isAbstract = Modifier.isAbstract(one.getModifiers());
        String kind = one.isInterface() ? "interface" : one.isEnum() ? "enum" : isAbstract ? "abstract class" : "class";
        List<String> constants = new ArrayList<>();
        List<String> fields = new ArrayList<>();
        for (Field field : one.getDeclaredFields()) {
            if (field.isEnumConstant()) {
                constants.add(quoted(field.getName()));
            } else if (Modifier.isPublic(field.getModifiers())) {
                fields.add("[" + quoted(field.getName()) + "," + quoted(name(field.getGenericType())) + "]");
            }
        }
        List<String> methods = new ArrayList<>();
        for (Constructor<?> constructor : one.getConstructors()) {
            methods.add(method(constructor, "<init>", ""));
        }
        for (Method method : one.getMethods()) {
            Class<?> owner = method.getDeclaringClass();
            boolean own = owner == one || !isListed(owner);
            if (own && !isRepeated(method, one)) {
                methods.add(method(method, method.getName(), name(method.getGenericReturnType())));
            }
        }
        methods.sort(Comparator.naturalOrder());
        boolean creatable = kind.equals("class") && one.getConstructors().length > 0;
        return "{\"class_name\":" + quoted(one.getName().substring(one.getPackageName().length() + 1).replace('$', '.'))
                + ",\"package\":" + quoted(one.getPackageName())
                + ",\"path\":\"\",\"kind\":" + quoted(kind)
                + ",\"creatable\":" + creatable
                + ",\"superclass\":" + (above == null ? "null" : quoted(name(above)))
                + ",\"interfaces\":" + interfaces.stream().map(ListClasses::quoted).collect(list())
                + ",\"constants\":" + constants.stream().collect(list())
                + ",\"fields\":" + fields.stream().collect(list())
                + ",\"methods\":" + methods.stream().distinct().collect(list()) + "}";
    }

    private static String method(Executable one, String called, String returns) {
        Type[] types = one.getGenericParameterTypes();
        List<String> parameters = new ArrayList<>();
        for (int at = 0; at < types.length; at++) {
            String of = name(types[at]);
            boolean last = one.isVarArgs() && at == types.length - 1;
            parameters.add(quoted(last ? of.substring(0, of.length() - 2) + "..." : of));
        }
        return "{\"name\":" + quoted(called)
                + ",\"returns\":" + quoted(returns)
                + ",\"parameters\":" + parameters.stream().collect(list())
                + ",\"static\":" + Modifier.isStatic(one.getModifiers())
                + ",\"throws\":" + Arrays.stream(one.getGenericExceptionTypes())
                        .map(of -> quoted(name(of))).collect(list()) + "}";
    }

    private static java.util.stream.Collector<CharSequence, ?, String> list() {
        return Collectors.joining(",", "[", "]");
    }

    private static String name(Type of) {
        if (of instanceof GenericArrayType) {
            return name(((GenericArrayType) of).getGenericComponentType()) + "[]";
        }
        if (of instanceof ParameterizedType) {
            return name(((ParameterizedType) of).getRawType());
        }
        if (of instanceof Class<?>) {
            return ((Class<?>) of).getSimpleName();
        }
        return "T";
    }

    private static String quoted(String text) {
        return '"' + text + '"';
    }
}
