package tailorbird.worker;

import java.io.File;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.Collections;
import java.util.Enumeration;

/**
 * The system class loader, as tests expect it: under a build all of a project is on the class path, and some tests ask the system
 * class loader for their files. It knows what the current candidate's loader knows.
 */
public final class SystemLoader extends URLClassLoader {
    static {
        registerAsParallelCapable();
    }

    private static volatile ClassLoader candidate;
    private static volatile boolean handedAny;
    private static volatile boolean handedOwn;

    /** Called by the JVM. */
    public SystemLoader(ClassLoader parent) {
        super("system", new URL[0], parent);
    }

    /** From now on it knows what this loader knows; null for nothing. */
    static void follow(ClassLoader loader) {
        candidate = loader;
    }

    /** Whether it has told anybody of a class that another loader of dependencies would have anew. */
    static boolean handedAny() {
        return handedAny;
    }

    /** Whether it has told anybody of a class that each candidate has for itself. */
    static boolean handedOwn() {
        return handedOwn;
    }

    /** Called by the JVM for agents, such as those of mocking libraries. */
    @SuppressWarnings("unused")
    void appendToClassPathForInstrumentation(String jar) throws MalformedURLException {
        addURL(new File(jar).toURI().toURL());
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        try {
            return super.findClass(name);
        } catch (ClassNotFoundException missing) {
            ClassLoader now = candidate;
            if (now == null) {
                throw missing;
            }
            // The JVM remembers this for good: asked again, it says the same class, though candidate and loader are others by then.
            Class<?> found = now.loadClass(name);
            handedAny = true;
            handedOwn |= found.getClassLoader() == now;
            return found;
        }
    }

    @Override
    public URL findResource(String name) {
        URL own = super.findResource(name);
        ClassLoader now = candidate;
        return own != null || now == null ? own : now.getResource(name);
    }

    @Override
    public Enumeration<URL> findResources(String name) throws IOException {
        Enumeration<URL> own = super.findResources(name);
        ClassLoader now = candidate;
        if (own.hasMoreElements() || now == null) {
            return own;
        }
        Enumeration<URL> found = now.getResources(name);
        return found == null ? Collections.emptyEnumeration() : found;
    }
}
