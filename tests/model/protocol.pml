/*
 * The protocol of ciss_luigi, for Spin. docs/protocol.md says it in words.
 *
 * Two run dates share a month. Commands for them run at once, each as fast or as slowly as it likes: one that is
 * paused is one that takes no step. What stands between `atomic {` and `}` is one step, and so what nobody sees
 * half done; a command may die between any two. From every state that can be reached, one undisturbed run of each
 * date, in either order, must reach the right end.
 *
 * Every `inline`, and every macro with arguments, of this file bears the name of the function of the code that
 * does it. The tables, the server and the state folders are in world.pml; what goes wrong, and what must hold all
 * the same, is in promises.pml.
 */

#include "world.pml"

#define is_merged(i) (merged_id[i] && (!built_id[i] || built_id[i] == merged_id[i]))

/* --- locks ---------------------------------------------------------------------------------------------- */

/* A command for one date leaves with 10 where the date is taken: as if it had not come. */
inline claim() {
    (!calm && !is_merged(here) || calm && me == next_run && runs_left > 0) && (!alone || date_is_free) ->
    runs[me] = 1;
    if
    :: alone -> take_date
    :: else -> skip
    fi
}

/* In a range each step waits for its date. */
inline holding() {
    (alone || date_is_free) -> at_work[me] = 1; rebuilds = 1;
    if
    :: alone -> skip
    :: else -> take_date
    fi
}

inline release() {
    at_work[me] = 0;
    if
    :: alone -> skip
    :: else -> leave(me, date)
    fi
}

/* Oldest first. */
inline month_locks() {
    atomic {
        month_is_free(SHARED) -> take_month(SHARED);
        if
        :: date == OLDER -> merging[me] = 1; goto locked
        :: else -> skip
        fi
    }
    atomic { month_is_free(OWN) -> take_month(OWN); merging[me] = 1 }
    locked: skip
}

/* Whether the months' leases are still this command's. */
#define check() (!LEASE || !LEASE_CHECK || holds_months)

/* --- one statement on an engine without transactions ---------------------------------------------------- */

/* What the records name is under way no more: it has ended, or was ended. */
#if !WAIT_FOR_ORPHANS
#define settle(t) 1
#elif !LEASE
#define settle(t) ran_out(t, record(t))
#elif BOTH_RECORDS
#define settle(t) (ran_out(t, record(t)) && ran_out(t, left_behind[t]))
#else
#define settle(t) (record(t) && ran_out(t, record(t)) || !record(t) && ran_out(t, left_behind[t]))
#endif

/* What is written down in a lease that is held no more is refused, and so is not begun. */
#define note_writing(t) (!LEASE || !RECORD_IS_FENCED || lock[t] == me + 1)

inline start(t, build) {
    choose_place(t);
    statement[place].state = SENT; statement[place].owner = me + 1;
    statement[place].id = build; statement[place].date = date;
    if
    :: t >= 2 -> note_stale(t)
    :: else -> skip
    fi
}

/* The record, and then at once the statement. */
inline writing(t, build) {
#if !NO_PAUSE_AFTER_CHECK
    atomic {
        settle(t) ->
        if
        :: note_writing(t) -> skip
        :: else -> goto failed
        fi
    }
#endif
    atomic {
        settle(t) && has_room(t) ->
#if NO_PAUSE_AFTER_CHECK
        if
        :: note_writing(t) -> skip
        :: else -> goto failed
        fi;
#endif
        start(t, build); record(t) = 1 + place - (t) * 2; record_in_lease(t, record(t))
    }
    do
    :: atomic {
            statement[place].owner == me + 1 && statement[place].state == ENDED ->
            forget(place); place = 0; record(t) = 0; record_in_lease(t, 0);
            break
        }
    :: atomic {
            statement[place].owner == me + 1 && statement[place].state == REFUSED ->
            forget(place); place = 0; record(t) = 0; record_in_lease(t, 0);
            goto failed
        }
    :: atomic { troubles && in_flight(place) -> troubles--; statement[place].owner = 0 }
        _recover(t, build)
    od
}

/* Over a new connection: what the old one left is ended, then the statement is sent again, as another one. */
inline _recover(t, build) {
    atomic {
        !in_flight(place) && has_room(t) ->
#if RECORD_FOLLOWS_LINE
        if
        :: note_writing(t) -> skip
        :: else -> goto failed
        fi;
        start(t, build); record(t) = 1 + place - (t) * 2; record_in_lease(t, record(t))
#else
        start(t, build)
#endif
    }
}

/* --- the steps ------------------------------------------------------------------------------------------ */

inline truncate_temp() {
#if TRANSACTIONAL
    atomic { clear(TEMP(date)) }
#else
    writing(temp_target(date), 0)
#endif
}

inline new_run_id() {
    run_id[me] = 1 + date * IDS;
    do
    :: is_used(run_id[me]) -> run_id[me] = run_id[me] + 1
    :: else -> break
    od;
    assert(run_id[me] <= (1 + date) * IDS)
}

/* The sources' totals, then the rows, then temp's totals; with transactions all of one moment. */
inline _build_once() {
#if TRANSACTIONAL
    atomic {
        new_run_id(); saw = sources;
        if
        :: !OVERWRITE && TEMP(date).halves -> agrees = 0 /* rolled back */
        :: else -> agrees = 1; clear(TEMP(date)); add(TEMP(date), run_id[me], 2, saw)
        fi
    }
#else
    atomic { new_run_id(); saw = sources }
    writing(temp_target(date), run_id[me]);
#endif
}

#if TRANSACTIONAL
#define totals_agree agrees
#else
#define totals_agree whole(TEMP(date), run_id[me], saw)
#endif

inline build_proven() {
    do
    :: _build_once();
        atomic {
            if
            :: totals_agree -> agrees = 0; break
            :: else -> skip
            fi;
            if
            :: rebuilds -> rebuilds--
            :: else -> goto failed
            fi
        }
    od
}

inline build_temp() { build_proven() }

#define write_built built_id[here] = run_id[me]; built_saw[here] = saw; run_id[me] = 0; saw = 0

inline _build_again() {
    build_proven();
    atomic { write_built }
}

#if PROOF_BEFORE_MERGE
#define temp_is_proven (built_id[here] && whole(TEMP(date), built_id[here], built_saw[here]))
#else
#define temp_is_proven 1
#endif

/* What this command has proven under the lock of the date it still holds is not looked at again (`known`). */
inline _proven_temp() {
    do
    :: atomic {
            if
            :: known && built_id[here] || temp_is_proven ->
                known = 1; proven_id[me] = built_id[here]; proven_saw[me] = built_saw[here]; break
            :: else -> skip
            fi;
            if
            :: rebuilds -> rebuilds--
            :: else -> goto failed
            fi
        }
        _build_again();
        known = 1
    od
}

/* A month read back wrong: if it is temp that was changed since it was proven, that is to be made right first. */
inline _look_again() {
    atomic {
        known = 0;
        if
        :: temp_is_proven -> skip
        :: else -> goto prove
        fi
    }
}

/* What killed runs may still write lands before the looks that follow. */
inline _settle_all() {
#if SETTLE_BEFORE_LOOK && !TRANSACTIONAL
    settle(temp_target(date)) && settle(main_target(SHARED)) && (date == OLDER || settle(main_target(OWN)))
#else
    skip
#endif
}

inline _publish_months() { superseded = date == OLDER && has_newer(SHARED) }

/* The lease is checked, the month written and read back, and the lease checked; with transactions the last check
 * stands right before the COMMIT. A month that reads back wrong is written once more. */
inline _merge_month(m) {
    tries = 2;
    do
#if TRANSACTIONAL
#if !NO_PAUSE_AFTER_CHECK
    :: atomic {
            if
            :: !check() -> goto failed
            :: else -> skip
            fi
        }
        atomic {
#else
    :: atomic {
            if
            :: !check() -> goto failed
            :: else -> skip
            fi;
#endif
            if
            :: READ_BACK && (!whole(TEMP(date), proven_id[me], proven_saw[me]) || !OVERWRITE && in_main[m].halves) ->
                skip /* rolled back */
            :: else ->
                note_publishing(m, date); note_stale(main_target(m));
                if
                :: OVERWRITE -> clear(in_main[m])
                :: else -> skip
                fi;
                add(in_main[m], TEMP(date).id, TEMP(date).halves, TEMP(date).saw);
                tries = 0;
                break
            fi;
#else
    :: atomic {
            if
            :: !check() -> goto failed
            :: else -> skip
            fi
        }
        writing(main_target(m), 0);
        atomic {
            if
            :: READ_BACK && !whole(in_main[m], proven_id[me], proven_saw[me]) -> skip
            :: else ->
                tries = 0;
                if
                :: check() -> break
                :: else -> goto failed
                fi
            fi;
#endif
            tries--;
            if
            :: tries -> skip
            :: else -> goto failed
            fi
        }
        _look_again()
    od
}

#define write_merged merged_id[here] = proven_id[me]; merged_saw[here] = proven_saw[me]; \
    merged_shared[here] = !superseded

inline merge_main() {
#if !LOOK_INSIDE_LOCK
    atomic { _publish_months() }
#endif
    month_locks();
    _settle_all();
    prove: _proven_temp();
    atomic {
#if LOOK_INSIDE_LOCK
        _publish_months();
#endif
#if !MARKER_AFTER_DATA
        write_merged;
#endif
        if
        :: superseded -> goto merged
        :: else -> skip
        fi
    }
    _merge_month(SHARED);
    if
    :: date == OLDER -> goto merged
    :: else -> skip
    fi;
    _merge_month(OWN);
    merged: atomic { leave_months(me); merging[me] = 0 }
}

/* --- a command ------------------------------------------------------------------------------------------ */

#define forget_all rebuilds = 0; saw = 0; agrees = 0; superseded = 0; known = 0; tries = 0; place = 0; \
    run_id[me] = 0; proven_id[me] = 0; proven_saw[me] = 0

/* `alone`: asked for by itself, not by a range. */
proctype command(byte me; bit date; bit alone) {
    byte rebuilds; bit saw; bit agrees; bit superseded; bit known; byte tries; byte place;
    end: do
    :: {
        atomic {
            claim();
            if
            :: built_id[here] -> goto merge
            :: !built_id[here] && truncated[here] -> goto build
            :: else -> skip
            fi
        }
        atomic {
            holding();
            if
            :: truncated[here] -> release(); goto build
            :: else -> skip
            fi
        }
        truncate_temp();
        atomic { truncated[here] = 1; release() }
        build: atomic {
            holding();
            if
            :: built_id[here] -> release(); goto merge
            :: else -> skip
            fi
        }
        build_temp();
        atomic { write_built; known = alone; release() }
        merge: atomic {
            holding();
            if
            :: is_merged(here) -> goto over
            :: else -> unfinished[here] = 1
            fi
        }
        merge_main();
        atomic {
#if MARKER_AFTER_DATA
            write_merged;
#endif
            unfinished[here] = 0; goto over
        }
        failed: run_failed = calm;
        over: atomic {
            leave_months(me); leave(me, date); merging[me] = 0; at_work[me] = 0; runs[me] = 0; forget_all;
            if
            :: calm -> runs_left--; next_run = !next_run
            :: else -> skip
            fi
        }
    } unless {
        atomic { dies[me] -> dies[me] = 0; runs[me] = 0; forget_all }
    }
    od
}

/* --- the operator --------------------------------------------------------------------------------------- */

/* The last marker first; a kill in between is a reset from a later step. */
inline reset(i, from_step) {
    merged_id[i] = 0; merged_saw[i] = 0; merged_shared[i] = 0;
    if
    :: from_step < 3 -> built_id[i] = 0; built_saw[i] = 0
    :: else -> skip
    fi;
    if
    :: from_step < 2 -> truncated[i] = 0
    :: else -> skip
    fi
}

/* Main is not what a marker says: the date is to be run again. */
inline verify() {
    if
    :: is_merged(OLDER) && !older_holds(OLDER) -> reset(OLDER, 3)
    :: else -> skip
    fi;
    if
    :: is_merged(NEWER) && !newer_holds(NEWER) -> reset(NEWER, 3)
    :: else -> skip
    fi
}

#include "promises.pml"
