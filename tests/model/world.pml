/*
 * What the commands live in: the warehouse and its server, the state folders, the locks, and how much may go wrong.
 */

#ifndef TRANSACTIONAL   /* 1: what a step writes takes effect together or not at all (DuckDB) */
#define TRANSACTIONAL 0 /* 0: a statement outlives its command, and fills its partition by and by (Hive, Impala) */
#endif

/* --- the commands --------------------------------------------------------------------------------------- */

#define OLDER 0
#define NEWER 1         /* in its grace days: it has the older date's month as well as its own */
#define SHARED 0        /* the month of both dates */
#define OWN 1           /* the month of the newer date alone */
#ifndef DATES           /* 1: the commands are all for the newer date */
#define DATES 2
#endif
#ifndef COMMANDS
#define COMMANDS 2
#endif
#ifndef THIRD           /* the date of the third command */
#define THIRD NEWER
#endif
#define FIRST (2 - DATES)
#define SECOND NEWER
#ifndef LEASE           /* 1: each command is on a host of its own, with a state folder of its own, and lease_url */
#define LEASE 0
#endif

#ifndef TROUBLES        /* how many things go wrong before the undisturbed runs, of any kind that promises.pml has */
#define TROUBLES 2
#endif

/* --- the guards; 0 takes one away ----------------------------------------------------------------------- */

#ifndef DATE_LOCK
#define DATE_LOCK 1
#endif
#ifndef MONTH_LOCK
#define MONTH_LOCK 1
#endif
#ifndef OVERWRITE
#define OVERWRITE 1
#endif
#ifndef TEMP_BY_RUN_DATE
#define TEMP_BY_RUN_DATE 1
#endif
#ifndef PROOF_BEFORE_MERGE
#define PROOF_BEFORE_MERGE 1
#endif
#ifndef LOOK_INSIDE_LOCK
#define LOOK_INSIDE_LOCK 1
#endif
#ifndef READ_BACK
#define READ_BACK 1
#endif
#ifndef MARKER_AFTER_DATA
#define MARKER_AFTER_DATA 1
#endif
#ifndef WAIT_FOR_ORPHANS
#define WAIT_FOR_ORPHANS 1
#endif
#ifndef SETTLE_BEFORE_LOOK
#define SETTLE_BEFORE_LOOK 1
#endif
#ifndef RECORD_FOLLOWS_LINE
#define RECORD_FOLLOWS_LINE 1
#endif
#ifndef LEASE_CHECK
#define LEASE_CHECK 1
#endif
#ifndef RECORD_IS_FENCED
#define RECORD_IS_FENCED 1
#endif
#ifndef BOTH_RECORDS
#define BOTH_RECORDS 1
#endif
#ifndef NO_PAUSE_AFTER_CHECK /* an assumption, no guard */
#define NO_PAUSE_AFTER_CHECK 1
#endif
#ifndef VERIFY_FIRST    /* an operator's verify, and reset where it says no, before the undisturbed runs */
#define VERIFY_FIRST 0
#endif

/* --- tables --------------------------------------------------------------------------------------------- */

#define IDS (5 + 5 * LEASE) /* of one date's builds, so many can matter at one time */
#define date_of(build) ((build) > IDS)

/* The rows of a partition: which build's, how many halves (2: whole; 3: too many, or of two builds), and what
 * state of the sources they saw. */
typedef Rows { byte id; byte halves; bit saw }
Rows in_temp[2];
Rows in_main[2];
bit sources;

#define whole(rows, build, version) (rows.halves == 2 && rows.id == (build) && rows.saw == (version))
#define clear(rows) rows.id = 0; rows.halves = 0; rows.saw = 0

inline add(rows, build, count, version) {
    if
    :: (count) == 0 -> skip
    :: (count) > 0 && rows.halves == 0 -> rows.id = build; rows.halves = count; rows.saw = version
    :: (count) > 0 && rows.halves > 0 && rows.id == (build) && rows.saw == (version) && rows.halves + (count) <= 2 ->
        rows.halves = rows.halves + count
    :: else ->
        rows.halves = 3;
        if
        :: date_of(build) -> rows.id = build; rows.saw = version
        :: else -> skip
        fi
    fi
}

/* The partitions: temp's of a run date, main's of a month. */
#define temp_target(d) ((d) * TEMP_BY_RUN_DATE)
#define main_target(m) (2 + (m))
#define TEMP(d) in_temp[temp_target(d)]

#define has_newer(m) (in_main[m].halves && date_of(in_main[m].id))
bit older_over_newer;
#define note_publishing(m, d) older_over_newer = older_over_newer || ((d) == OLDER && has_newer(m))

/* --- the state folders: one of each, or one on each host ------------------------------------------------ */

#define HOSTS (1 + LEASE)
#define at(host, d) (2 * (host) * LEASE + (d))
#define here at(me, date)
bit truncated[2 * HOSTS];       /* TruncateTemp's marker */
byte built_id[2 * HOSTS];       /* BuildTemp's marker: run_id and totals */
bit built_saw[2 * HOSTS];
byte merged_id[2 * HOSTS];      /* MergeMain's marker: run_id, totals, and whether the shared month was merged */
bit merged_saw[2 * HOSTS];
bit merged_shared[2 * HOSTS];
bit unfinished[2 * HOSTS];      /* the ledger: the last attempt at MergeMain has not ended, or not well */
byte writes[4 * HOSTS];         /* 1 + the place of a statement that is not known to have ended */
#define record(t) writes[4 * me * LEASE + (t)]

/* Locks: 1 + the command that holds them. With leases these are the leases, which all hosts see; a host's own
 * file locks then change nothing, as each host has one command. */
byte lock[4];
#define date_lock(d) lock[d]
#define month_lock(m) lock[2 + (m)]
byte left_behind[4];            /* in the lease: the statement that its holder began */
#define record_in_lease(t, value) if \
    :: LEASE && lock[t] == me + 1 -> left_behind[t] = value \
    :: else -> skip fi
bit stale_published;
#define note_stale(t) stale_published = stale_published || LEASE && lock[t] != me + 1

#if DATE_LOCK
#define date_is_free (date_lock(date) == 0)
#define take_date date_lock(date) = me + 1
#else
#define date_is_free 1
#define take_date skip
#endif
#if MONTH_LOCK
#define month_is_free(m) (month_lock(m) == 0)
#define take_month(m) month_lock(m) = me + 1
#else
#define month_is_free(m) 1
#define take_month(m) skip
#endif
#define holds_months (month_lock(SHARED) == me + 1 && (date == OLDER || month_lock(OWN) == me + 1))
#define leave(who, t) if :: lock[t] == who + 1 -> lock[t] = 0 :: else -> skip fi
#define leave_months(who) leave(who, 2); leave(who, 3)

/* --- the commands' memory, where others ask for it ------------------------------------------------------ */

bit runs[3];
bit dies[3];
bit at_work[3];                 /* in a step */
bit merging[3];                 /* holds main's months */
byte run_id[3];
byte proven_id[3];
bit proven_saw[3];

byte troubles = TROUBLES;
bit calm;                       /* no more disturbances: one run of each date */
bit next_run;
byte runs_left = 2;
bit run_failed;

/* --- the server: two places for the statements of each partition ---------------------------------------- */

#define NONE (0)
#define SENT (1)
#define HALF (2)
#define ENDED (3)
#define REFUSED (4)
typedef Statement { byte state; byte owner; bit date; byte id; byte halves; bit saw }
Statement statement[8];
#define in_flight(k) (statement[k].state == SENT || statement[k].state == HALF)
#define ran_out(t, place) (!(place) || !in_flight((t) * 2 + (place) - 1))
#define has_room(t) (statement[(t) * 2].state == NONE || statement[(t) * 2 + 1].state == NONE)
#define forget(k) statement[k].state = NONE; statement[k].owner = 0; statement[k].date = 0; \
    statement[k].id = 0; statement[k].halves = 0; statement[k].saw = 0
#define ended(k) if \
    :: statement[k].owner -> statement[k].state = ENDED; \
        statement[k].date = 0; statement[k].id = 0; statement[k].halves = 0; statement[k].saw = 0 \
    :: else -> forget(k) fi

/* A new statement stands in another place than the ones on record. */
#define is_recorded(t, place) (record(t) == (place) || LEASE && left_behind[t] == (place))
#define choose_place(t) if \
    :: statement[(t) * 2].state == NONE && (!is_recorded(t, 1) || statement[(t) * 2 + 1].state != NONE) -> \
        place = (t) * 2 \
    :: else -> place = (t) * 2 + 1 fi

/* The old rows go and a first half comes, then the second. What a statement reads, it reads at the first: long
 * after it was sent, if it likes. */
inline temp_statement(d, k) {
    if
    :: statement[k].state == SENT && !statement[k].id -> clear(in_temp[d]); ended(k)
    :: statement[k].state == SENT && statement[k].id ->
        if
        :: OVERWRITE -> clear(in_temp[d])
        :: else -> skip
        fi;
        statement[k].saw = sources; statement[k].halves = 1; statement[k].state = HALF;
        add(in_temp[d], statement[k].id, 1, statement[k].saw)
    :: else -> add(in_temp[d], statement[k].id, statement[k].halves, statement[k].saw); ended(k)
    fi
}

inline main_statement(m, k) {
    if
    :: statement[k].state == SENT ->
        note_publishing(m, statement[k].date);
        if
        :: OVERWRITE -> clear(in_main[m])
        :: else -> skip
        fi;
        statement[k].id = TEMP(statement[k].date).id;
        statement[k].halves = TEMP(statement[k].date).halves;
        statement[k].saw = TEMP(statement[k].date).saw;
        statement[k].state = HALF;
        if
        :: statement[k].halves == 2 ->
            statement[k].halves = 1; add(in_main[m], statement[k].id, 1, statement[k].saw)
        :: else -> skip
        fi
    :: else -> add(in_main[m], statement[k].id, statement[k].halves, statement[k].saw); ended(k)
    fi
}

/* A statement without a client may be ended at any moment: by settle, or because its server dies. */
#define is_orphan(k) (in_flight(k) && !statement[k].owner)

proctype server() {
    end: do
    :: d_step { in_flight(0) -> temp_statement(OLDER, 0) }
    :: d_step { in_flight(1) -> temp_statement(OLDER, 1) }
    :: d_step { in_flight(2) -> temp_statement(NEWER, 2) }
    :: d_step { in_flight(3) -> temp_statement(NEWER, 3) }
    :: d_step { in_flight(4) -> main_statement(SHARED, 4) }
    :: d_step { in_flight(5) -> main_statement(SHARED, 5) }
    :: d_step { in_flight(6) -> main_statement(OWN, 6) }
    :: d_step { in_flight(7) -> main_statement(OWN, 7) }
    :: d_step { is_orphan(0) -> forget(0) }
    :: d_step { is_orphan(1) -> forget(1) }
    :: d_step { is_orphan(2) -> forget(2) }
    :: d_step { is_orphan(3) -> forget(3) }
    :: d_step { is_orphan(4) -> forget(4) }
    :: d_step { is_orphan(5) -> forget(5) }
    :: d_step { is_orphan(6) -> forget(6) }
    :: d_step { is_orphan(7) -> forget(7) }
    od
}

/* An id that nobody knows any more is as good as a new one, and keeps the number of states finite. */
#define marked(build, i) (built_id[i] == build || merged_id[i] == build)
#define is_used(build) (in_temp[0].id == build || in_temp[1].id == build || \
    in_main[0].id == build || in_main[1].id == build || \
    marked(build, at(0, date)) || marked(build, at(1, date)) || \
    (me != 0 && run_id[0] == build) || (me != 1 && run_id[1] == build) || (me != 2 && run_id[2] == build) || \
    proven_id[0] == build || proven_id[1] == build || proven_id[2] == build || \
    statement[0].id == build || statement[1].id == build || statement[2].id == build || statement[3].id == build || \
    statement[4].id == build || statement[5].id == build || statement[6].id == build || statement[7].id == build)

/* --- whether main holds what MergeMain's marker says, or a newer date's rows ---------------------------- */

#define older_holds(i) (in_main[SHARED].halves == 2 && date_of(in_main[SHARED].id) || \
    merged_shared[i] && whole(in_main[SHARED], merged_id[i], merged_saw[i]))
#if LEASE && DATES == 1
/* The other host does not see the marker, and may do the date again. */
#define newer_holds(i) (in_main[SHARED].halves == 2 && date_of(in_main[SHARED].id) && \
    in_main[OWN].halves == 2 && date_of(in_main[OWN].id))
#else
#define newer_holds(i) (whole(in_main[SHARED], merged_id[i], merged_saw[i]) && \
    whole(in_main[OWN], merged_id[i], merged_saw[i]))
#endif
