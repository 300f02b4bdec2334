package tailorbird.worker;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Writer;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;

/** Compiles many units at a time, with one file manager for all, so that no jar is read twice. */
final class Compiler {

    /** What to compile. */
    static final class Job {
        /** The sources. */
        List<Unit> units = List.of();
        /** Where class files go, if there is no error. */
        String out = "";
    }

    /** One source file. */
    static final class Unit {
        /** Its path below the source root. */
        String path = "";
        String text = "";
    }

    /** What came of it. */
    static final class Outcome extends Main.Answer {
        List<Error> errors = new ArrayList<>();
        /** Names of the classes that were made, and the unit each comes from. */
        List<String> classes = new ArrayList<>();
        List<String> units = new ArrayList<>();
        /** Those that have the name of a production class. */
        List<String> shadows = new ArrayList<>();
    }

    /** One error of javac. */
    static final class Error {
        /** Path of the unit; empty for none. */
        String unit = "";
        /** Offset in the unit's text, in UTF-16 units; -1 for none. */
        long at = -1;
        long line = -1;
        String code = "";
        String message = "";
    }

    private static final int MAX_MESSAGE = 2_000;

    private final JavaCompiler javac;
    private final StandardJavaFileManager files;
    private final List<String> options;

    Compiler(Session.Project project) throws IOException {
        javac = ToolProvider.getSystemJavaCompiler();
        if (javac == null) {
            throw new IOException("this Java has no compiler: it is a JRE, and a JDK is needed");
        }
        files = javac.getStandardFileManager(null, Locale.ROOT, StandardCharsets.UTF_8);
        List<File> path = new ArrayList<>();
        for (List<String> part : List.of(project.main, project.tests, project.dependencies)) {
            part.forEach(one -> path.add(new File(one)));
        }
        files.setLocation(StandardLocation.CLASS_PATH, path);
        files.setLocation(StandardLocation.SOURCE_PATH, List.of());
        options = new ArrayList<>(List.of("-proc:none", "-g", "-nowarn", "-implicit:none", "-Xmaxerrs", "100000"));
        options.addAll(project.options);
    }

    Outcome compile(Job job) throws IOException {
        Outcome outcome = new Outcome();
        DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
        List<Source> sources = new ArrayList<>();
        for (Unit unit : job.units) {
            sources.add(new Source(unit));
        }
        Memory memory = new Memory(files);
        boolean done;
        try {
            done =
                javac.getTask(Writer.nullWriter(), memory, diagnostics, options, null, sources).call();
        } catch (RuntimeException | StackOverflowError crash) { // javac itself can fail on absurd sources
            Error error = new Error();
            error.code = "compiler.crash";
            error.message = crash.toString();
            outcome.errors.add(error);
            return outcome;
        }
        for (Diagnostic<? extends JavaFileObject> one : diagnostics.getDiagnostics()) {
            if (one.getKind() == Diagnostic.Kind.ERROR) {
                outcome.errors.add(error(one));
            }
        }
        if (done) {
            for (Map.Entry<String, Memory.Made> entry : memory.made.entrySet()) {
                Path file = Path.of(job.out, entry.getKey().replace('.', '/') + ".class");
                Files.createDirectories(file.getParent());
                Files.write(file, entry.getValue().bytes.toByteArray());
                outcome.classes.add(entry.getKey());
                outcome.units.add(entry.getValue().unit);
            }
        } else if (outcome.errors.isEmpty()) {
            Error error = new Error();
            error.code = "compiler.failure";
            error.message = "javac failed without an error";
            outcome.errors.add(error);
        }
        return outcome;
    }

    private static Error error(Diagnostic<? extends JavaFileObject> one) {
        Error error = new Error();
        error.unit = one.getSource() instanceof Source ? ((Source) one.getSource()).path : "";
        error.at = one.getPosition();
        error.line = one.getLineNumber();
        error.code = String.valueOf(one.getCode());
        String message = one.getMessage(Locale.ROOT);
        error.message = message.length() > MAX_MESSAGE ? message.substring(0, MAX_MESSAGE) : message;
        return error;
    }

    private static final class Source extends SimpleJavaFileObject {
        final String path;
        private final String text;

        Source(Unit unit) {
            super(URI.create("candidate:///" + encoded(unit.path)), Kind.SOURCE);
            path = unit.path;
            text = unit.text;
        }

        private static String encoded(String path) {
            return path.replace("%", "%25").replace(" ", "%20").replace("$", "%24");
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }

        @Override
        public boolean isNameCompatible(String simpleName, Kind kind) {
            return true; // Which file a public class stands in is not what is judged.
        }
    }

    private static final class Memory extends ForwardingJavaFileManager<JavaFileManager> {
        final Map<String, Made> made = new LinkedHashMap<>();

        Memory(JavaFileManager files) {
            super(files);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
            Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
            Made one = new Made(name, kind, sibling instanceof Source ? ((Source) sibling).path : "");
            made.put(name, one);
            return one;
        }

        static final class Made extends SimpleJavaFileObject {
            final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            final String unit;

            Made(String name, Kind kind, String unit) {
                super(URI.create("made:///" + name.replace('.', '/').replace("$", "%24") + kind.extension), kind);
                this.unit = unit;
            }

            @Override
            public OutputStream openOutputStream() {
                bytes.reset();
                return bytes;
            }
        }
    }
}
