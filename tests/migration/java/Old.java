package made;

import java.io.FileInputStream;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.Properties;

/** What both old classes share: their properties, a connection, and ways to go wrong on purpose. */
final class Old {
    final Properties properties = new Properties();

    Old(String file) throws Exception {
        try (FileInputStream in = new FileInputStream(file)) {
            properties.load(in);
        }
    }

    String get(String key) {
        return properties.getProperty(key);
    }

    /** One more condition, for tests that want the server to take its time. */
    String also() {
        return get("also") == null ? "" : " AND " + get("also");
    }

    void run(String... statements) throws Exception {
        System.out.println("connecting with password=" + get("HIVE_PASSWORD"));
        try (Connection connection = DriverManager.getConnection(get("url"), "old", get("HIVE_PASSWORD"));
                Statement statement = connection.createStatement()) {
            for (String text : statements) {
                System.out.println("sends " + text.split(" ")[0] + " now");
                statement.execute(text);
                misbehave("after-" + text.split(" ")[0]);
            }
        }
        System.out.println("all sent");
    }

    /** Each behaviour belongs to one place in one class: Class:place:what. */
    static void misbehave(String place) throws Exception {
        String[] wanted = System.getProperty("misbehave", "").split(":");
        if (wanted.length < 2 || !wanted[0].equals(place)) {
            return;
        }
        switch (wanted[1]) {
            case "hang":
                System.out.println("hangs");
                Thread.sleep(3_600_000);
                break;
            case "trace":
                System.err.println("Exception in thread \"main\" java.sql.SQLException: made to fail");
                System.err.println("\tat made.temp.main(temp.java:1)");
                System.exit(0);
                break;
            case "code":
                System.exit(7);
                break;
            case "child":
                new ProcessBuilder("/bin/sh", "-c", "sleep 600").inheritIO().start();
                System.exit(0);
                break;
            case "deaf":
                new ProcessBuilder("/bin/sh", "-c", "trap '' TERM; sleep 600; sleep 600").inheritIO().start();
                System.out.println("hangs");
                Thread.sleep(3_600_000);
                break;
            default:
                throw new IllegalArgumentException(wanted[1]);
        }
    }
}
