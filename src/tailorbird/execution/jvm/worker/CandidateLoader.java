package tailorbird.worker;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Field;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.security.ProtectionDomain;
import java.security.cert.Certificate;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;

/**
 * Loads one candidate with the project's classes, all of them anew, so that no static state comes from another. Its own come first, then
 * the project's tests, then production, then what the project depends on.
 */
final class CandidateLoader extends ClassLoader {
    private static final String PROBES = "tailorbird.bridge.Probes";
    private static final String OBSERVE = "tailorbird.bridge.Observe";
    private static final String LITERALS = "tailorbird.bridge.Literals";

    static {
        registerAsParallelCapable();
    }

    private final Path candidate;
    private final ProjectClasses tests;
    private final ProjectClasses main;
    private final Execution.Focal focal;
    /** Bytes of the focal class that stand in for its own; null for none. */
    private final byte[] replacement;
    private final URLClassLoader resources;
    /** The focal class, once it is loaded; null before, and where another stands in for it. */
    private Instrumentation.Noting noting;
    private final ProtectionDomain domain;

    CandidateLoader(
        Execution.Job job,
        ProjectClasses tests,
        ProjectClasses main,
        ClassLoader dependencies,
        URLClassLoader resources,
        byte[] replacement) {
        super("candidate", dependencies);
        candidate = Path.of(job.classes);
        focal = job.focal;
        this.tests = tests;
        this.main = main;
        this.replacement = replacement;
        this.resources = resources;
        URL[] roots = resources.getURLs();
        URL place = roots.length == 0 ? null : roots[0];
        domain = new ProtectionDomain(new CodeSource(place, (Certificate[]) null), null, this, null);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        synchronized (getClassLoadingLock(name)) {
            Class<?> known = findLoadedClass(name);
            if (known == null) {
                known = own(name);
            }
            if (known == null) {
                return super.loadClass(name, resolve);
            }
            if (resolve) {
                resolveClass(known);
            }
            return known;
        }
    }

    /** Asked by the JDK itself for {@code package-info}, whose annotations are the package's. */
    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        Class<?> found = own(name);
        if (found == null) {
            throw new ClassNotFoundException(name);
        }
        return found;
    }

    private Class<?> own(String name) throws ClassNotFoundException {
        byte[] bytes = bytes(name);
        if (bytes == null) {
            return null;
        }
        definePackage(name);
        return defineClass(name, bytes, 0, bytes.length, domain);
    }

    private byte[] bytes(String name) throws ClassNotFoundException {
        String internal = name.replace('.', '/');
        try {
            Path own = candidate.resolve(internal + ".class");
            if (Files.isRegularFile(own)) {
                return Instrumentation.prepare(internal, Files.readAllBytes(own), false);
            }
            byte[] test = tests.prepared(internal, false);
            if (test != null) {
                return test;
            }
            if (replacement != null && internal.equals(focal.owner)) {
                return replacement;
            }
            byte[] production = main.prepared(internal, true);
            if (production != null) {
                return internal.equals(focal.owner) ? noted(internal, production) : production;
            }
            if (name.startsWith(PROBES) || name.equals(OBSERVE) || name.equals(LITERALS)) {
                try (InputStream in = getParent().getResourceAsStream(internal + ".class")) {
                    return in == null ? null : in.readAllBytes();
                }
            }
            return null;
        } catch (IOException error) {
            throw new ClassNotFoundException(name, error);
        }
    }

    private byte[] noted(String internal, byte[] production) throws IOException {
        try {
            Instrumentation.Noting made = main.noting(internal);
            entries().set(null, new boolean[made.methods()]);
            noting = made;
            return made.bytes;
        } catch (RuntimeException | ReflectiveOperationException error) {
            return production; // A method got too large.
        }
    }

    private Field entries() throws ReflectiveOperationException {
        return loadClass(PROBES).getField("entered");
    }

    private void definePackage(String name) {
        int dot = name.lastIndexOf('.');
        if (dot > 0 && getDefinedPackage(name.substring(0, dot)) == null) {
            try {
                definePackage(name.substring(0, dot), null, null, null, null, null, null, null);
            } catch (IllegalArgumentException already) {
                // Another thread was first.
            }
        }
    }

    @Override
    protected URL findResource(String name) {
        return resources.findResource(name);
    }

    @Override
    protected Enumeration<URL> findResources(String name) throws IOException {
        return resources.findResources(name);
    }

    @Override
    public URL getResource(String name) {
        URL own = findResource(name);
        return own != null ? own : super.getResource(name);
    }

    /** Probes of each class by JaCoCo's id, as far as the candidate ran. */
    @SuppressWarnings("unchecked")
    Map<Long, boolean[]> hits() throws ReflectiveOperationException {
        return (Map<Long, boolean[]>) loadClass(PROBES).getField("HIT").get(null);
    }

    /** Whether the candidate entered the focal method. */
    boolean entered() throws ReflectiveOperationException {
        return noting != null && noting.entered((boolean[]) entries().get(null), focal);
    }

    /** What assertions of a candidate that observes looked at: {@code {place, literal or null, whether it failed}}. */
    List<Object[]> observations() throws ReflectiveOperationException {
        @SuppressWarnings("unchecked")
        List<Object[]> seen = (List<Object[]>) loadClass(OBSERVE).getField("SEEN").get(null);
        return List.copyOf(seen);
    }

    /** Where the candidate is to note the mutants whose place it comes to. */
    void expect(boolean[] reached) throws ReflectiveOperationException {
        loadClass(PROBES).getField("reached").set(null, reached);
    }

    /** End the candidate's loops. */
    void stop() throws ReflectiveOperationException {
        loadClass(PROBES).getField("stopped").setBoolean(null, true);
    }

    /** The status with which the candidate wanted to end the JVM; null if it did not. */
    Integer exit() throws ReflectiveOperationException {
        return (Integer) loadClass(PROBES).getField("exit").get(null);
    }
}
