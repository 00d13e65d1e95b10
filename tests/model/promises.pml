/*
 * What goes wrong, and what must hold all the same.
 */

/* --- disturbances --------------------------------------------------------------------------------------- */

#define may_refuse(k) (troubles && in_flight(k) && statement[k].owner)
#define refuse(k) troubles--; statement[k].state = REFUSED; \
    statement[k].date = 0; statement[k].id = 0; statement[k].halves = 0; statement[k].saw = 0

#define lives(who) (runs[who] && !dies[who])
#define orphan(who, k) if \
    :: statement[k].owner == who + 1 && in_flight(k) -> statement[k].owner = 0 \
    :: statement[k].owner == who + 1 && !in_flight(k) -> forget(k) \
    :: else -> skip fi

/* The kernel frees the locks, and leases run out; statements go on. */
inline kill(who, d) {
    dies[who] = 1;
    leave_months(who); leave(who, d); merging[who] = 0; at_work[who] = 0;
    run_id[who] = 0; proven_id[who] = 0; proven_saw[who] = 0;
    orphan(who, 0); orphan(who, 1); orphan(who, 2); orphan(who, 3);
    orphan(who, 4); orphan(who, 5); orphan(who, 6); orphan(who, 7)
}
#define kill_if_alive(who, d) if :: lives(who) -> kill(who, d) :: else -> skip fi

#define may_reset(d) (troubles && date_lock(d) == 0 && !LEASE)
#define may_expire(t) (LEASE && troubles && lock[t] && lives(lock[t] - 1))

#define nothing_in_flight !(in_flight(0) || in_flight(1) || in_flight(2) || in_flight(3) || \
    in_flight(4) || in_flight(5) || in_flight(6) || in_flight(7))

/* Whoever still runs is killed as well. */
inline become_calm(first) {
    calm = 1; next_run = first;
    troubles = 0;
    kill_if_alive(0, FIRST); kill_if_alive(1, SECOND); kill_if_alive(2, THIRD);
#if VERIFY_FIRST
    verify()
#endif
}
#define may_become_calm (!calm && (!VERIFY_FIRST || nothing_in_flight))

proctype disturbances() {
    end: do
    :: d_step { troubles && lives(0) -> troubles--; kill(0, FIRST) }
    :: d_step { troubles && lives(1) -> troubles--; kill(1, SECOND) }
    :: d_step { troubles && lives(2) -> troubles--; kill(2, THIRD) }
    :: d_step { troubles -> troubles--; sources = !sources }
    :: d_step { troubles && in_temp[OLDER].halves -> troubles--; clear(in_temp[OLDER]) }
    :: d_step { troubles && in_temp[NEWER].halves -> troubles--; clear(in_temp[NEWER]) }
    :: d_step { may_refuse(0) -> refuse(0) }
    :: d_step { may_refuse(1) -> refuse(1) }
    :: d_step { may_refuse(2) -> refuse(2) }
    :: d_step { may_refuse(3) -> refuse(3) }
    :: d_step { may_refuse(4) -> refuse(4) }
    :: d_step { may_refuse(5) -> refuse(5) }
    :: d_step { may_refuse(6) -> refuse(6) }
    :: d_step { may_refuse(7) -> refuse(7) }
    :: d_step { may_reset(OLDER) && merged_id[OLDER] -> troubles--; reset(OLDER, 3) }
    :: d_step { may_reset(OLDER) && built_id[OLDER] -> troubles--; reset(OLDER, 2) }
    :: d_step { may_reset(OLDER) && truncated[OLDER] -> troubles--; reset(OLDER, 1) }
    :: d_step { may_reset(NEWER) && merged_id[NEWER] -> troubles--; reset(NEWER, 3) }
    :: d_step { may_reset(NEWER) && built_id[NEWER] -> troubles--; reset(NEWER, 2) }
    :: d_step { may_reset(NEWER) && truncated[NEWER] -> troubles--; reset(NEWER, 1) }
    :: d_step { may_expire(0) -> troubles--; lock[0] = 0 }
    :: d_step { may_expire(1) -> troubles--; lock[1] = 0 }
    :: d_step { may_expire(2) -> troubles--; lock[2] = 0 }
    :: d_step { may_expire(3) -> troubles--; lock[3] = 0 }
    :: d_step { may_become_calm -> become_calm(0) }
    :: d_step { may_become_calm -> become_calm(1) }
    od
}

/* --- promises ------------------------------------------------------------------------------------------- */

/* A lease's holder may not know that it is one no more: it is not two commands that count then, but two statements
 * in main, whatever they are. Temp has no lease check: its proof comes before the merge. */
#define two_in_flight(t) (in_flight((t) * 2) && in_flight((t) * 2 + 1))
#define two_of_a_date (DATES == 1 && at_work[0] && at_work[1] || DATES == 2 && at_work[THIRD] && at_work[2])
#if LEASE
#define two_writers (two_in_flight(2) || two_in_flight(3))
#else
#define two_writers (two_of_a_date || merging[0] + merging[1] + merging[2] > 1 || \
    two_in_flight(0) || two_in_flight(1) || two_in_flight(2) || two_in_flight(3))
#endif

#define AT_FIRST at(0, FIRST)
#define AT_SECOND at(1, SECOND)
/* Without transactions an attempt of a date as new or newer that did not end well may be half in main. A ledger
 * knows of it. */
#define is_excused(i) (!TRANSACTIONAL && unfinished[i])
#if DATES == 2
#define is_honest ((!is_merged(AT_FIRST) || is_excused(AT_SECOND) || older_holds(AT_FIRST)) && \
    (!is_merged(AT_SECOND) || newer_holds(AT_SECOND)))
#define is_done (is_merged(AT_FIRST) && is_merged(AT_SECOND) && older_holds(AT_FIRST) && newer_holds(AT_SECOND))
#else
#define is_honest ((!is_merged(AT_FIRST) || is_excused(AT_SECOND) || newer_holds(AT_FIRST)) && \
    (!is_merged(AT_SECOND) || is_excused(AT_FIRST) || newer_holds(AT_SECOND)))
#define is_done (is_merged(AT_FIRST) && is_merged(AT_SECOND) && newer_holds(AT_FIRST) && newer_holds(AT_SECOND))
#endif
#define is_half(m) (in_main[m].halves == 1)
#define is_doubled(m) (in_main[m].halves == 3)
#define half_is_known (!is_half(SHARED) && !is_half(OWN) || \
    !TRANSACTIONAL && (unfinished[AT_FIRST] || unfinished[AT_SECOND] || unfinished[THIRD]))
#define has_others_rows(d) (TEMP(d).halves && date_of(TEMP(d).id) != d)

bit NeverTwoWriters = 1;
bit MarkerIsHonest = 1;
bit OlderNeverReplacesNewer = 1;
bit NeverDoubled = 1;
bit HalfIsKnown = 1;
bit DatesNeverMixInTemp = 1;
bit StalePublishesNothing = 1;
bit OneRunHeals = 1;

/* With WITHOUT_Name a promise is not looked at, so that a search goes on to what else breaks. */
proctype invariants() {
    end: do
#ifndef WITHOUT_NeverTwoWriters
    :: d_step { two_writers -> NeverTwoWriters = 0; assert(NeverTwoWriters) }
#endif
#ifndef WITHOUT_MarkerIsHonest
    :: d_step { !is_honest -> MarkerIsHonest = 0; assert(MarkerIsHonest) }
#endif
#ifndef WITHOUT_OlderNeverReplacesNewer
    :: d_step { older_over_newer -> OlderNeverReplacesNewer = 0; assert(OlderNeverReplacesNewer) }
#endif
#ifndef WITHOUT_NeverDoubled
    :: d_step { is_doubled(SHARED) || is_doubled(OWN) -> NeverDoubled = 0; assert(NeverDoubled) }
#endif
#ifndef WITHOUT_HalfIsKnown
    :: d_step { !half_is_known -> HalfIsKnown = 0; assert(HalfIsKnown) }
#endif
#ifndef WITHOUT_DatesNeverMixInTemp
    :: d_step { has_others_rows(OLDER) || has_others_rows(NEWER) ->
            DatesNeverMixInTemp = 0; assert(DatesNeverMixInTemp) }
#endif
#ifndef WITHOUT_StalePublishesNothing
    :: d_step { stale_published -> StalePublishesNothing = 0; assert(StalePublishesNothing) }
#endif
#ifndef WITHOUT_OneRunHeals
    :: d_step { run_failed || runs_left == 0 && !is_done -> OneRunHeals = 0; assert(OneRunHeals) }
#endif
    od
}

init {
    atomic {
        run invariants();
        run command(0, FIRST, 0);
        run command(1, SECOND, 1);
#if COMMANDS == 3
        run command(2, THIRD, 0);
#endif
        run server();
        run disturbances()
    }
}
