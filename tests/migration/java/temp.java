package made;

/** As the old one: appends to temp, whatever temp holds. Arguments: properties, day of month, log. */
public final class temp {
    public static void main(String[] given) throws Exception {
        Old old = new Old(given[0]);
        Old.misbehave("temp");
        if (given.length != 3 || old.get("url") == null) {
            return;
        }
        boolean both = Integer.parseInt(given[1]) <= 5;
        String months = "'" + old.get("month") + "'" + (both ? ", '" + old.get("before") + "'" : "");
        old.run("INSERT INTO " + old.get("temp") + " SELECT org_id, currency, charge, partition_date FROM "
                + old.get("source") + " WHERE partition_date IN (" + months + ")" + old.also());
    }
}
