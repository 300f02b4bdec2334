package tailorbird.worker;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One project: its classes, its dependencies, and a compiler that knows both. */
final class Session {

    /** What the other side says of the project: paths of folders and jars. */
    static final class Project {
        /** Production classes, which are instrumented. */
        List<String> main = List.of();
        /** The project's own test classes and resources, and those of production. */
        List<String> tests = List.of();
        /** Everything else that a test sees, JUnit and the bridge included. */
        List<String> dependencies = List.of();
        /** The bridge's jar, which is among the dependencies. */
        String bridge = "";
        /** Options for javac, as an array. */
        List<String> options = List.of();
    }

    private static final int MAX_COVERED = 64;

    private final Project project;
    private final Compiler compiler;
    private final ProjectClasses main;
    private final ProjectClasses tests;
    private final String classPath;
    /** For resources only: it loads no class. */
    private final URLClassLoader resources;
    private URLClassLoader dependencies;
    /** Null before anything was looked for. */
    private Names names;
    /** What candidates covered that ran through the same code of the same class: many of one method do. */
    private final Map<List<Object>, List<Execution.Coverage>> covered =
        new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<List<Object>, List<Execution.Coverage>> eldest) {
                return size() > MAX_COVERED;
            }
        };

    Session(Project project) throws IOException {
        this.project = project;
        compiler = new Compiler(project);
        main = new ProjectClasses(project.main);
        tests = new ProjectClasses(project.tests);
        classPath = classPath(project);
        resources = new URLClassLoader(urls(), null);
        dependencies = newDependencies();
    }

    Compiler.Outcome compile(Compiler.Job job) throws IOException {
        Compiler.Outcome outcome = compiler.compile(job);
        for (String name : outcome.classes) {
            // A candidate that brings a production class of its own would be tested against that.
            if (main.has(name.replace('.', '/'))) {
                outcome.shadows.add(name);
            }
        }
        return outcome;
    }

    Names.Outcome find(Names.Job job) throws IOException {
        if (names == null) {
            names = new Names(main, tests, project.dependencies);
        }
        return names.find(job);
    }

    Execution.Outcome run(Execution.Job job) throws IOException {
        if (job.fresh) {
            dependencies = newDependencies();
        }
        return new Execution(loader(job, null), main, job, covered, classPath).run();
    }

    Mutation.Outcome mutate(Mutation.Job job) throws IOException {
        return new Mutation(focal -> loader(job, focal), main, job, classPath).run();
    }

    private CandidateLoader loader(Execution.Job job, byte[] focal) throws IOException {
        return new CandidateLoader(job, tests, main, dependencies, resources, focal);
    }

    private static String classPath(Project project) {
        List<String> all = new ArrayList<>(project.tests);
        all.addAll(project.main);
        all.addAll(project.dependencies);
        return String.join(File.pathSeparator, all);
    }

    private URL[] urls() throws IOException {
        List<URL> urls = new ArrayList<>();
        for (String one : project.tests) {
            urls.add(Path.of(one).toUri().toURL());
        }
        for (String one : project.main) {
            urls.add(Path.of(one).toUri().toURL());
        }
        return urls.toArray(new URL[0]);
    }

    private URLClassLoader newDependencies() throws IOException {
        List<URL> urls = new ArrayList<>();
        for (String one : project.dependencies) {
            urls.add(Path.of(one).toUri().toURL());
        }
        // Not the worker's own loader: a project may use another version of what the worker uses.
        return new URLClassLoader("dependencies", urls.toArray(new URL[0]), ClassLoader.getPlatformClassLoader());
    }
}
