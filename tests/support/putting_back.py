"""A PostgreSQL database that the next test is given again, put back to what its template holds.

Making a database, meeting it for the first time and dropping it costs the server more than most
tests do. So a template keeps a copy of its rows beside them, in a schema of its own, and
`kept.put_back()` compares: rows that are newer than the template, or fewer, go, and the copy comes
in. What cannot be put back so, a schema that was changed or a database that has grown, is dropped.
"""

from functools import cached_property
from typing import Any, LiteralString

import psycopg

from tests.support.postgres import Server
from tests.support.staying_connected import part_from, waiting_in

# age() counts transactions back from now: what a test wrote is younger than the template's mark
LAY = """
DROP SCHEMA IF EXISTS kept CASCADE;
CREATE SCHEMA kept;
CREATE TABLE kept.spoiled (by text);
CREATE TABLE kept.sequences AS
    SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public';
DO $$
DECLARE name text; any_row boolean;
BEGIN
    FOR name IN SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%1$I)', name) INTO any_row;
        IF any_row THEN
            EXECUTE format('CREATE TABLE kept.%1$I AS TABLE public.%1$I', name);
        END IF;
    END LOOP;
END $$;
CREATE FUNCTION kept.size() RETURNS bigint LANGUAGE sql AS $$
    SELECT sum(pg_relation_size(oid)) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
$$;
CREATE TABLE kept.mark AS SELECT pg_current_xact_id()::xid AS xid, kept.size() AS size;

CREATE FUNCTION kept.put_back() RETURNS boolean LANGUAGE plpgsql
    SET session_replication_role = replica AS $$  -- no trigger refuses, no key is asked for
DECLARE
    mark xid := (SELECT xid FROM kept.mark);
    name text; copy regclass; changed boolean; sequence record;
BEGIN
    IF EXISTS (SELECT FROM kept.spoiled) THEN
        RETURN false;
    END IF;
    FOR name, copy IN
        SELECT relname, to_regclass(format('kept.%I', relname)) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
    LOOP
        IF copy IS NULL THEN
            EXECUTE format('DELETE FROM public.%I', name);
            CONTINUE;
        END IF;
        EXECUTE format(
            'SELECT count(*) <> (SELECT count(*) FROM %2$s) OR bool_or(age(xmin) < age($1)) '
            'FROM public.%1$I', name, copy
        ) INTO changed USING mark;
        IF changed THEN
            EXECUTE format('DELETE FROM public.%I', name);
            EXECUTE format('INSERT INTO public.%1$I TABLE %2$s', name, copy);
        END IF;
    END LOOP;
    FOR sequence IN
        SELECT s.seqrelid, k.last_value FROM pg_sequence s
        JOIN pg_class c ON c.oid = s.seqrelid JOIN kept.sequences k ON k.sequencename = c.relname
        WHERE pg_sequence_last_value(s.seqrelid) IS DISTINCT FROM k.last_value
    LOOP
        PERFORM setval(
            sequence.seqrelid, coalesce(sequence.last_value, 1), sequence.last_value IS NOT NULL
        );
    END LOOP;
    UPDATE kept.mark SET xid = pg_current_xact_id()::xid;
    RETURN true;
END $$;

CREATE FUNCTION kept.spoil() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO kept.spoiled VALUES (tg_tag);
END $$;
CREATE EVENT TRIGGER spoiled ON ddl_command_end EXECUTE FUNCTION kept.spoil();
"""

ALONE = """
SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL(%s)
"""
GROWN = "SELECT kept.size() > size + 2000000 FROM kept.mark"  # nothing is vacuumed


def keep_rows(server: Server, name: str) -> None:
    """Let databases copied from this one be put back to what it holds now."""
    with server.connect(name) as database:
        database.execute("DROP EVENT TRIGGER IF EXISTS spoiled")
        database.execute(LAY)


class Lent:
    """A database that is lent to one test after another."""

    def __init__(self, server: Server, name: str) -> None:
        self.name = name
        self._server = server

    @cached_property
    def _connection(self) -> psycopg.Connection[Any]:
        """Stay connected: a connection remembers every table it has met."""
        return self._server.connect(self.name)

    def take_back(self) -> bool:
        """Throw out who is still connected and put everything back; say if it can be lent again."""
        try:
            self._connection.execute(ALONE, [waiting_in(self.name)])
            return self.put_back() and not self._asked(GROWN)
        except psycopg.Error:  # it keeps nothing, it was dropped, or somebody holds a lock
            return False

    def put_back(self) -> bool:
        """Make everything as it was when the rows were kept; say whether that could be done."""
        return self._asked("SELECT kept.put_back()")

    def _asked(self, question: LiteralString) -> bool:
        row = self._connection.execute(question).fetchone()
        return row is not None and bool(row[0])

    def close(self) -> None:
        part_from(self.name)
        if "_connection" in vars(self):
            self._connection.close()
