package tailorbird.worker;

import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** Which classes of a project, of what it depends on and of the JDK have a simple name, and what static methods they have. */
final class Names {

    /** What to look for. */
    static final class Job {
        /** Simple names of types. */
        List<String> types = List.of();
        /** Qualified names of classes whose static methods are wanted. */
        List<String> owners = List.of();
    }

    /** What was found. */
    static final class Outcome extends Main.Answer {
        List<Type> types = new ArrayList<>();
        List<Owner> owners = new ArrayList<>();
    }

    /** A class that others can name. */
    static final class Type {
        /** As an import has it. */
        String name = "";
        String package_name = "";
        /** {@code main}, {@code tests}, {@code jdk} or {@code dependencies}. */
        String origin = "";
        /** Everybody can name it; else its package alone. */
        boolean everywhere;
    }

    /** A class with static methods, its superclasses' included. */
    static final class Owner {
        String name = "";
        /** Public ones. */
        List<String> everywhere = new ArrayList<>();
        /** Others that are not private. */
        List<String> near = new ArrayList<>();
    }

    private static final int READ = ClassReader.SKIP_CODE | ClassReader.SKIP_DEBUG | ClassReader.SKIP_FRAMES;
    private static final int HIDDEN = Opcodes.ACC_PRIVATE | Opcodes.ACC_SYNTHETIC;

    /** A place for classes to come from. */
    private interface Classes {
        byte[] original(String internal) throws IOException;
    }

    private final Map<String, Classes> origins = new HashMap<>();
    /** By simple name: origin and internal name of each. */
    private final Map<String, List<String[]>> simple = new HashMap<>();

    Names(ProjectClasses main, ProjectClasses tests, List<String> dependencies) throws IOException {
        ProjectClasses others = new ProjectClasses(dependencies);
        add("main", main::original, main.names());
        add("tests", tests::original, tests.names());
        add("dependencies", others::original, others.names());
        FileSystem jdk = FileSystems.getFileSystem(URI.create("jrt:/"));
        Map<String, Path> files = jdkFiles(jdk);
        add("jdk", name -> files.containsKey(name) ? Files.readAllBytes(files.get(name)) : null, files.keySet());
    }

    /** Classes of the packages that the JDK exports to everybody, by internal name. */
    private static Map<String, Path> jdkFiles(FileSystem jdk) throws IOException {
        Map<String, Path> files = new HashMap<>();
        for (Module module : ModuleLayer.boot().modules()) {
            if (!module.getName().startsWith("java.")) {
                continue;
            }
            Path root = jdk.getPath("modules", module.getName());
            for (ModuleDescriptor.Exports exported : module.getDescriptor().exports()) {
                String folder = exported.source().replace('.', '/');
                Path place = root.resolve(folder);
                if (exported.isQualified() || !Files.isDirectory(place)) {
                    continue;
                }
                try (Stream<Path> found = Files.list(place)) {
                    found.filter(one -> one.toString().endsWith(".class"))
                        .forEach(one -> files.put(folder + "/" + stem(one.getFileName().toString()), one));
                }
            }
        }
        return files;
    }

    private static String stem(String file) {
        return file.substring(0, file.length() - ".class".length());
    }

    private void add(String origin, Classes classes, Iterable<String> names) {
        origins.put(origin, classes);
        for (String name : names) {
            String last = name.substring(Math.max(name.lastIndexOf('/'), name.lastIndexOf('$')) + 1);
            if (!last.isEmpty() && Character.isJavaIdentifierStart(last.charAt(0))) {
                simple.computeIfAbsent(last, unused -> new ArrayList<>()).add(new String[] {origin, name});
            }
        }
    }

    Outcome find(Job job) throws IOException {
        Outcome outcome = new Outcome();
        for (String wanted : job.types) {
            Set<String> seen = new HashSet<>();
            for (String[] one : simple.getOrDefault(wanted, List.of())) {
                Type type = seen.add(one[1]) ? type(one[0], one[1]) : null;
                if (type != null) {
                    outcome.types.add(type);
                }
            }
        }
        for (String wanted : job.owners) {
            Owner owner = owner(wanted);
            if (owner != null) {
                outcome.owners.add(owner);
            }
        }
        return outcome;
    }

    /** None for a class that nobody can name: private, local, or synthetic. */
    private Type type(String origin, String internal) throws IOException {
        byte[] bytes = origins.get(origin).original(internal);
        if (bytes == null) {
            return null;
        }
        Flags flags = new Flags(internal);
        try {
            new ClassReader(bytes).accept(flags, READ);
        } catch (RuntimeException newer) {
            return null; // Than ASM knows.
        }
        if (flags.hidden) {
            return null;
        }
        Type type = new Type();
        type.name = flags.canonical(internal);
        int slash = internal.lastIndexOf('/');
        type.package_name = slash < 0 ? "" : internal.substring(0, slash).replace('/', '.');
        type.origin = origin;
        type.everywhere = flags.everywhere;
        return type;
    }

    private Owner owner(String qualified) throws IOException {
        Owner owner = new Owner();
        owner.name = qualified;
        Set<String> everywhere = new LinkedHashSet<>();
        Set<String> near = new LinkedHashSet<>();
        String internal = internal(qualified);
        byte[] bytes = internal == null ? null : bytes(internal);
        if (bytes == null) {
            return null;
        }
        while (bytes != null) {
            ClassReader reader;
            try {
                reader = new ClassReader(bytes);
                reader.accept(new Statics(everywhere, near), READ);
            } catch (RuntimeException newer) {
                break;
            }
            String above = reader.getSuperName();
            bytes = above == null || above.equals("java/lang/Object") ? null : bytes(above);
        }
        owner.everywhere.addAll(everywhere);
        owner.near.addAll(near);
        return owner;
    }

    /** Of {@code p.Outer.Inner} the name that its file has; null where there is no such class. */
    private String internal(String qualified) throws IOException {
        String name = qualified.replace('.', '/');
        while (bytes(name) == null) {
            int slash = name.lastIndexOf('/');
            if (slash < 0) {
                return null;
            }
            name = name.substring(0, slash) + '$' + name.substring(slash + 1);
        }
        return name;
    }

    private byte[] bytes(String internal) throws IOException {
        for (String origin : List.of("main", "tests", "dependencies", "jdk")) {
            byte[] found = origins.get(origin).original(internal);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    /** Who can name a class, by its own access and that of those around it. */
    private static final class Flags extends ClassVisitor {
        private final String internal;
        private final Map<String, String[]> around = new HashMap<>();
        boolean hidden;
        boolean everywhere = true;

        Flags(String internal) {
            super(Opcodes.ASM9);
            this.internal = internal;
        }

        @Override
        public void visit(int version, int access, String name, String signature, String above, String[] interfaces) {
            note(access);
        }

        @Override
        public void visitInnerClass(String name, String outer, String simple, int access) {
            if (internal.equals(name) || internal.startsWith(name + "$")) {
                // Local and anonymous classes have no outer one.
                hidden |= outer == null || simple == null;
                around.put(name, new String[] {outer, simple});
                note(access);
            }
        }

        private void note(int access) {
            hidden |= (access & HIDDEN) != 0;
            everywhere &= (access & Opcodes.ACC_PUBLIC) != 0;
        }

        String canonical(String name) {
            String[] nested = around.get(name);
            return nested == null ? name.replace('/', '.') : canonical(nested[0]) + "." + nested[1];
        }
    }

    private static final class Statics extends ClassVisitor {
        private final Set<String> everywhere;
        private final Set<String> near;

        Statics(Set<String> everywhere, Set<String> near) {
            super(Opcodes.ASM9);
            this.everywhere = everywhere;
            this.near = near;
        }

        @Override
        public MethodVisitor visitMethod(int access, String name, String descriptor, String signature, String[] thrown) {
            if ((access & Opcodes.ACC_STATIC) != 0 && (access & HIDDEN) == 0 && !name.startsWith("<")) {
                Collections.addAll((access & Opcodes.ACC_PUBLIC) != 0 ? everywhere : near, name);
            }
            return null;
        }
    }
}
