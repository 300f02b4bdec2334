package tailorbird.worker;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Compiles and runs candidates for another process: {@code Main REQUESTS RESPONSES}, two files to read and write frames, each four bytes
 * of length and so much JSON. Every response repeats the token of the session and the number of its request, so that nothing
 * that a candidate writes is taken for one.
 */
public final class Main {
    /** Of the protocol; the other side refuses another. */
    static final int VERSION = 4;

    /** What every response says. */
    static class Answer {
        String token = "";
        long number;
        /** Why there is no other answer; null where there is one. */
        String error;
    }

    /** Of {@code open}. */
    private static final class Opened extends Answer {
        final int version = VERSION;
        final String java = System.getProperty("java.version");
    }

    private static final int MAX_FRAME = 256 << 20;
    private static final Gson GSON = new Gson();

    private final DataInputStream requests;
    private final DataOutputStream responses;
    private String token = "";
    private Session session;

    private Main(InputStream requests, OutputStream responses) {
        this.requests = new DataInputStream(requests);
        this.responses = new DataOutputStream(responses);
    }

    public static void main(String[] arguments) throws IOException {
        // What candidates print goes nowhere: nobody reads it, and some print without end.
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
        System.setOut(nowhere);
        System.setErr(nowhere);
        System.setIn(InputStream.nullInputStream());
        Processes.remember();
        try (InputStream in = new FileInputStream(arguments[0]);
            OutputStream out = new FileOutputStream(arguments[1])) {
            new Main(in, out).serve();
        }
        Runtime.getRuntime().halt(0);
    }

    private void serve() throws IOException {
        while (true) {
            JsonObject request;
            try {
                request = read();
            } catch (EOFException end) {
                return;
            }
            Answer answer;
            try {
                answer = answer(request);
            } catch (OutOfMemoryError | RuntimeException | IOException error) {
                answer = new Answer();
                answer.error = error.toString();
            }
            answer.token = token;
            answer.number = request.get("number").getAsLong();
            write(answer);
        }
    }

    private Answer answer(JsonObject request) throws IOException {
        String operation = request.get("operation").getAsString();
        switch (operation) {
            case "open":
                token = request.get("token").getAsString();
                session = new Session(GSON.fromJson(request, Session.Project.class));
                return new Opened();
            case "compile":
                return session.compile(GSON.fromJson(request, Compiler.Job.class));
            case "find":
                return session.find(GSON.fromJson(request, Names.Job.class));
            case "run":
                return session.run(GSON.fromJson(request, Execution.Job.class));
            case "mutate":
                return session.mutate(GSON.fromJson(request, Mutation.Job.class));
            default:
                throw new IllegalArgumentException("no operation " + operation);
        }
    }

    private JsonObject read() throws IOException {
        int length = requests.readInt();
        if (length < 0 || length > MAX_FRAME) {
            throw new IOException("a frame of " + length + " bytes");
        }
        byte[] body = requests.readNBytes(length);
        if (body.length < length) {
            throw new EOFException();
        }
        return JsonParser.parseString(new String(body, StandardCharsets.UTF_8)).getAsJsonObject();
    }

    private void write(Answer answer) throws IOException {
        byte[] body = GSON.toJson(answer).getBytes(StandardCharsets.UTF_8);
        responses.writeInt(body.length);
        responses.write(body);
        responses.flush();
    }
}
