package tailorbird.worker;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.jacoco.core.internal.data.CRC64;

/** The class files of some folders and jars, the first of each name, and what is made of them for loading. */
final class ProjectClasses {
    private final Map<String, Object> places = new HashMap<>();
    private final Map<String, byte[]> prepared = new ConcurrentHashMap<>();
    private final Map<String, Long> ids = new ConcurrentHashMap<>();
    private final Map<String, Instrumentation.Noting> noting = new ConcurrentHashMap<>();

    ProjectClasses(Iterable<String> roots) throws IOException {
        for (String root : roots) {
            Path path = Path.of(root);
            if (Files.isDirectory(path)) {
                try (Stream<Path> files = Files.walk(path)) {
                    files.filter(one -> one.toString().endsWith(".class"))
                        .forEach(one -> places.putIfAbsent(name(path.relativize(one).toString()), one));
                }
            } else if (Files.isRegularFile(path)) {
                ZipFile jar = new ZipFile(path.toFile());
                for (ZipEntry entry : Collections.list(jar.entries())) {
                    String entryName = entry.getName();
                    if (entryName.endsWith(".class") && !entryName.startsWith("META-INF/")) {
                        places.putIfAbsent(name(entryName), new InJar(jar, entry));
                    }
                }
            }
        }
    }

    private static String name(String file) {
        return file.replace('\\', '/').substring(0, file.length() - ".class".length());
    }

    /** Whether there is a class of this internal name. */
    boolean has(String internal) {
        return places.containsKey(internal);
    }

    /** Internal names of all. */
    Iterable<String> names() {
        return Collections.unmodifiableSet(places.keySet());
    }

    /** Its bytes as they stand; null for none. */
    byte[] original(String internal) throws IOException {
        Object place = places.get(internal);
        if (place == null) {
            return null;
        }
        if (place instanceof Path) {
            return Files.readAllBytes((Path) place);
        }
        InJar inside = (InJar) place;
        synchronized (inside.jar) {
            try (InputStream in = inside.jar.getInputStream(inside.entry)) {
                return in.readAllBytes();
            }
        }
    }

    /** JaCoCo's id of it; null for none. */
    Long id(String internal) throws IOException {
        Long known = ids.get(internal);
        byte[] original = known == null ? original(internal) : null;
        if (original != null) {
            known = CRC64.classId(original);
            ids.put(internal, known);
        }
        return known;
    }

    /** Its bytes as they are loaded, instrumented for coverage if so wished; null for none. Made once. */
    byte[] prepared(String internal, boolean coverage) throws IOException {
        byte[] known = prepared.get(internal);
        if (known == null) {
            byte[] original = original(internal);
            if (original == null) {
                return null;
            }
            known = Instrumentation.prepare(internal, original, coverage);
            prepared.put(internal, known);
        }
        return known;
    }

    /** A prepared class that notes which of its methods are entered; null for none. Made once. */
    Instrumentation.Noting noting(String internal) throws IOException {
        Instrumentation.Noting known = noting.get(internal);
        if (known == null) {
            byte[] bytes = prepared(internal, true);
            if (bytes == null) {
                return null;
            }
            known = Instrumentation.noting(bytes);
            noting.put(internal, known);
        }
        return known;
    }

    private static final class InJar {
        final ZipFile jar;
        final ZipEntry entry;

        InJar(ZipFile jar, ZipEntry entry) {
            this.jar = jar;
            this.entry = entry;
        }
    }
}
