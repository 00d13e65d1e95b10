package made;

/** As the old one: drops the months' partitions of main and inserts. Arguments: properties, first of the
 *  month, log, day of month, month before. */
public final class merge {
    public static void main(String[] given) throws Exception {
        Old old = new Old(given[0]);
        Old.misbehave("merge");
        String month = given[1].substring(0, 7);
        java.util.List<String> statements = new java.util.ArrayList<>();
        for (String one : Integer.parseInt(given[3]) <= 5 ? new String[] {month, given[4]} : new String[] {month}) {
            statements.add("ALTER TABLE " + old.get("main") + " DROP IF EXISTS PARTITION (bill_month = '" + one + "')");
            statements.add("INSERT INTO " + old.get("main") + " PARTITION (bill_month = '" + one + "') SELECT org_id, "
                    + "currency, amount FROM " + old.get("temp") + " WHERE month = '" + one + "'");
        }
        old.run(statements.toArray(new String[0]));
    }
}
