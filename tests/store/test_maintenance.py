from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from rung.errors import FencedError, SettingError, StoreError, StudyExistsError, StudyLockedError, StudyNotFoundError
from rung.events import ArtifactLogged, Checkpointed, Collected, Ended, Started
from rung.store import MemoryStore, SqliteStore, current_owner
from rung.store.maintenance import (
    backup,
    check_file,
    compact,
    copy_study,
    delete_study,
    find_garbage,
    holders,
    remove_garbage,
    write_whole,
)
from rung.store.verify import verify
from rung.testing._store_samples import created, dead, foreign, sample_log
from rung.types import Artifact, Checkpoint, TrialState

SOME = [Started(at=0.0, trial=0, attempt=1, config={"a": 1}, cause="given")]


@pytest.fixture
def store(tmp_path):
    store = SqliteStore(tmp_path / "rung.db")
    yield store
    store.close()


def fill(store, study="lenet", n_events=200):
    store.create(created(study))
    lease = store.acquire(study, current_owner(), ttl=60.0)
    store.append(list(sample_log(1, n_events)), lease=lease)
    store.release(lease)


def saved(store, study, name="step-000001-attempt-1.npz", trial=0, content=b"weights"):
    path = store.folder(study) / f"trial-{trial:05d}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    for each in (path, path.parent, path.parent.parent):
        os.utime(each, (0, 0))
    return path


def refuse():
    """What SQLite says where a file may be read and no more."""
    connection = sqlite3.connect("file::memory:?mode=ro", uri=True)
    try:
        connection.execute("PRAGMA query_only=1")
        connection.execute("CREATE TABLE a (b)")
    finally:
        connection.close()


def with_checkpoint(store, study="lenet"):
    """A study of one finished trial with a checkpoint, a collected one and a log of its output."""
    path, gone = saved(store, study), store.folder(study) / "trial-00000" / "step-000000-attempt-1.npz"
    saved(store, study, "output.log", content=b"epoch 1")
    checkpoint = Checkpoint(step=1, path=str(path), sha256="00", size=7)
    elsewhere = Checkpoint(step=2, path="/elsewhere/2.npz", sha256="00", size=7)
    events = [
        Started(at=0.0, trial=0, attempt=1, config={"a": 1}),
        Checkpointed(at=1.0, trial=0, attempt=1, checkpoint=checkpoint),
        Checkpointed(at=2.0, trial=0, attempt=1, checkpoint=elsewhere),
        ArtifactLogged(
            at=2.0, trial=0, attempt=1, artifact=Artifact("roc.png", str(path.with_name("roc.png")), "00", 1)
        ),
        Collected(at=2.0, trial=0, paths=(str(gone),)),
        Ended(at=3.0, trial=0, attempt=1, state=TrialState.COMPLETED),
    ]
    write_whole(store, created(study), events)
    return path


class TestBackup:
    def test_while_a_tuner_writes(self, store, tmp_path):
        store.create(created())
        lease = store.acquire("lenet", current_owner(), ttl=60.0)
        events, failures = list(sample_log(1, 2000)), []

        def write():
            try:
                for start in range(0, len(events), 20):
                    store.append(events[start : start + 20], lease=lease)
            except Exception as error:  # noqa: BLE001 - is shown by the main thread
                failures.append(error)

        writer = threading.Thread(target=write)
        writer.start()
        counts = []
        while writer.is_alive() or not counts:
            target = backup(store, tmp_path / f"copy-{len(counts)}.db")
            copy = SqliteStore(target, create=False)
            assert verify(copy, "lenet") == []
            assert copy.tables.study("lenet").owner is None
            counts.append(len(list(copy.read("lenet"))))
            copy.close()
        writer.join()
        assert failures == []
        assert counts == sorted(counts)
        assert store.append([], lease=lease) == 2001  # the tuner has its lease as before

    def test_nobody_can_write_to_a_copy_under_a_lease_of_the_original(self, store, tmp_path):
        store.create(created())
        lease = store.acquire("lenet", current_owner(), ttl=60.0)
        copy = SqliteStore(backup(store, tmp_path / "copy.db"), create=False)
        with pytest.raises(FencedError):
            copy.append(SOME, lease=lease)
        copy.close()

    def test_nothing_is_overwritten(self, store, tmp_path):
        (tmp_path / "there.db").touch()
        with pytest.raises(SettingError, match="exists already"):
            backup(store, tmp_path / "there.db")
        with pytest.raises(SettingError, match=r"folder .*doesn't exist"):
            backup(store, tmp_path / "nowhere" / "a.db")
        assert (tmp_path / "there.db").read_bytes() == b""
        assert not list(tmp_path.glob("*tmp*"))


def test_a_sound_file_and_a_damaged_one(store, tmp_path):
    fill(store, n_events=2000)
    assert check_file(store) == []
    path = backup(store, tmp_path / "damaged.db")
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 20_000)
    damaged = SqliteStore(path, create=False)
    assert check_file(damaged) != []
    assert verify(damaged, "lenet") != []
    damaged.close()


class TestWholeStudies:
    def test_all_or_nothing(self, store):
        write_whole(store, created(), list(sample_log(1, 50)))
        assert len(list(store.read("lenet"))) == 51
        assert store.tables.study("lenet").owner is None
        with pytest.raises(StudyExistsError):
            write_whole(store, created(), list(sample_log(1, 50)))

    def test_one_that_was_cut_off_is_completed(self, store):
        store.create(created())
        write_whole(store, created(), list(sample_log(1, 50)))
        assert len(list(store.read("lenet"))) == 51
        assert verify(store, "lenet") == []

    def test_somebody_else_may_be_faster(self, store, monkeypatch):
        acquire = SqliteStore.acquire

        def acquire_later(self, study, owner, *, ttl):
            lease = acquire(self, study, foreign(), ttl=ttl)
            self.append(SOME, lease=lease)
            self.release(lease)
            return acquire(self, study, owner, ttl=ttl)

        monkeypatch.setattr(SqliteStore, "acquire", acquire_later)
        with pytest.raises(StudyExistsError, match="Somebody else has just begun a study 'lenet'"):
            write_whole(store, created(), list(sample_log(1, 50)))
        assert [event for _, event in store.read("lenet")] == [created(), *SOME]

    def test_another_one_without_events_is_not(self, store):
        other = created()
        store.create(type(other)(**{**{f: getattr(other, f) for f in other.__struct_fields__}, "space": {"b": 1}}))
        with pytest.raises(StudyExistsError):
            write_whole(store, created(), list(sample_log(1, 50)))


class TestCopies:
    @pytest.mark.parametrize("kind", ["sqlite", "memory"])
    def test_the_log_and_the_files_come_along(self, store, tmp_path, kind):
        path = with_checkpoint(store)
        target = MemoryStore() if kind == "memory" else SqliteStore(tmp_path / "b.db")
        assert copy_study(store, target, "lenet") == 7
        assert verify(target, "lenet") == []
        (row,) = target.tables.trials("lenet")
        here, elsewhere = row.checkpoints
        assert here.path == str(target.folder("lenet") / "trial-00000" / path.name)
        assert Path(here.path).read_bytes() == b"weights"
        assert (target.folder("lenet") / "trial-00000" / "output.log").read_bytes() == b"epoch 1"
        assert elsewhere.path == "/elsewhere/2.npz"
        assert row.artifacts[0].path == str(target.folder("lenet") / "trial-00000" / "roc.png")
        collected = next(event for _, event in target.read("lenet") if isinstance(event, Collected))
        assert collected.paths[0].startswith(str(target.folder("lenet")))
        assert path.exists()
        target.close()

    def test_many_events_come_exactly(self, store, tmp_path):
        fill(store, n_events=1000)
        target = SqliteStore(tmp_path / "b.db")
        copy_study(store, target, "lenet")
        assert list(map(repr, target.read("lenet")))[1:] == list(map(repr, store.read("lenet")))[1:]
        assert target.tables.trials("lenet") == store.tables.trials("lenet")
        target.close()

    def test_a_study_that_is_there_stays_as_it_is(self, store, tmp_path):
        with_checkpoint(store)
        target = SqliteStore(tmp_path / "b.db")
        fill(target)
        before = list(target.read("lenet"))
        with pytest.raises(StudyExistsError, match="'lenet'"):
            copy_study(store, target, "lenet")
        assert list(target.read("lenet")) == before
        assert not target.folder("lenet").exists()
        target.close()

    def test_a_log_without_a_beginning_is_not_copied(self, store):
        fill(store)
        with store.database.write() as connection:
            connection.execute("DELETE FROM event WHERE seq = 1")
        with pytest.raises(StoreError, match="does not begin with its creation"):
            copy_study(store, MemoryStore(), "lenet")

    def test_a_link_to_nowhere_stays_behind(self, store):
        path = with_checkpoint(store)
        path.with_name("latest").symlink_to("step-000009-attempt-1.npz")
        target = MemoryStore()
        copy_study(store, target, "lenet")
        assert sorted(each.name for each in (target.folder("lenet") / "trial-00000").iterdir()) == [
            "output.log", path.name,
        ]  # fmt: skip

    def test_no_tuner_collects_checkpoints_meanwhile(self, store, tmp_path, monkeypatch):
        with_checkpoint(store)
        target, seen = SqliteStore(tmp_path / "b.db"), []
        copy2 = shutil.copy2

        def looks_and_copies(source, destination, **options):
            with pytest.raises(StudyLockedError):
                SqliteStore(tmp_path / "rung.db", create=False).acquire("lenet", foreign(), ttl=60.0)
            seen.append(Path(source).name)
            return copy2(source, destination, **options)

        monkeypatch.setattr(shutil, "copy2", looks_and_copies)
        copy_study(store, target, "lenet")
        assert sorted(seen) == ["output.log", "step-000001-attempt-1.npz"]
        for each in (store, target):
            assert each.tables.study("lenet").owner is None
        target.close()

    def test_a_tuner_that_took_it_all_the_same_spoils_the_copy(self, store, tmp_path, monkeypatch):
        with_checkpoint(store)
        target = SqliteStore(tmp_path / "b.db")
        monkeypatch.setattr(shutil, "copy2", lambda *_, **__: store.acquire("lenet", current_owner(), ttl=0.0))
        monkeypatch.setattr("rung.store._leases.is_free", lambda *_, **__: True)
        with pytest.raises(FencedError):
            copy_study(store, target, "lenet")
        assert target.tables.studies() == []
        target.close()

    def test_a_store_that_cannot_be_written_is_copied_from(self, tmp_path):
        (tmp_path / "mine").mkdir()
        store = SqliteStore(tmp_path / "mine" / "rung.db")
        with_checkpoint(store)
        store.close()
        reader, target = SqliteStore(tmp_path / "mine" / "rung.db", create=False), MemoryStore()
        with pytest.MonkeyPatch.context() as patch:  # the user of these tests may be one who may write everywhere
            patch.setattr(reader.database, "_open_writer", refuse)
            assert copy_study(reader, target, "lenet") == 7
        assert len(list((target.folder("lenet") / "trial-00000").iterdir())) == 2
        reader.close()

    def test_a_study_in_hand_is_not_copied(self, store):
        fill(store)
        store.acquire("lenet", current_owner(), ttl=60.0)
        with pytest.raises(StudyLockedError, match="being run by process"):
            copy_study(store, MemoryStore(), "lenet")


class TestDeletion:
    def test_nothing_is_left(self, store):
        with_checkpoint(store)
        fill(store, "other")
        assert delete_study(store, "lenet") == 14
        assert [row.name for row in store.tables.studies()] == ["other"]
        assert not store.folder("lenet").exists()
        assert verify(store, "other") == []
        for table in ("event", "event_key", "trial", "report", "command", "head"):
            assert store.database.query(f"SELECT count(*) FROM {table} WHERE study = 1") == [(0,)]
        with pytest.raises(StudyNotFoundError, match="'lenet'"):
            store.tables.study("lenet")

    def test_a_study_in_hand_stays(self, store):
        fill(store)
        store.acquire("lenet", foreign(), ttl=60.0)
        with pytest.raises(StudyLockedError):
            delete_study(store, "lenet")
        assert verify(store, "lenet") == []

    def test_a_former_tuner_cannot_write_to_a_new_study_of_that_name(self, store, tmp_path):
        store.create(created())
        lease = store.acquire("lenet", current_owner(), ttl=60.0)
        store.release(lease)
        other = SqliteStore(tmp_path / "rung.db", create=False)
        delete_study(other, "lenet")
        with pytest.raises(StudyNotFoundError):
            store.append(SOME, lease=lease)
        other.create(created())
        other.acquire("lenet", foreign(), ttl=60.0)
        with pytest.raises(FencedError):
            store.append(SOME, lease=lease)
        other.close()

    @pytest.mark.parametrize("name", ["lenet", "another", None])
    def test_a_tuner_whose_study_is_deleted_under_it_writes_nowhere(self, store, tmp_path, name):
        """Not even to a new study that has got its number in the file."""
        store.create(created())
        lease = store.acquire("lenet", current_owner(), ttl=60.0)
        store.append(SOME, lease=lease)
        store.release(lease)
        other = SqliteStore(tmp_path / "rung.db", create=False)
        delete_study(other, "lenet")
        if name is not None:
            other.create(created(name))
            assert other.database.number(name) == 1
            other.acquire(name, foreign(), ttl=60.0)
        for _ in range(2):
            with pytest.raises((FencedError, StudyNotFoundError)):
                store.append([Ended(at=3.0, trial=0, attempt=1, state=TrialState.COMPLETED)], lease=lease)
        if name is not None:
            assert len(list(other.read(name))) == 1
        other.close()

    def test_the_space_goes_back_to_the_disk(self, store):
        fill(store, n_events=5000)
        fill(store, "other")
        delete_study(store, "lenet")
        assert compact(store) > 100_000
        assert verify(store, "other") == []
        store.acquire("other", current_owner(), ttl=60.0)
        assert compact(store) == 0


class TestGarbage:
    def test_what_no_log_knows_is_found_and_removed(self, store):
        kept = with_checkpoint(store)
        unknown = saved(store, "lenet", "step-000002-attempt-1.npz")
        half = saved(store, "lenet", "step-000003-attempt-1.partial")
        own = saved(store, "lenet", "model.npz")
        found = find_garbage(store)
        assert [each.path for each in found] == [unknown, half]
        assert remove_garbage(store, found) == 14
        assert kept.exists()
        assert own.exists()
        assert find_garbage(store) == []

    def test_halves_of_artifacts(self, store):
        kept = with_checkpoint(store)
        half = kept.parent / "artifacts" / "plots" / ".0123456789abcdef.partial"
        own = half.with_name(".mine.partial")
        half.parent.mkdir(parents=True)
        for path in (half, own):
            path.write_bytes(b"half")
            os.utime(path, (0, 0))
        (found,) = find_garbage(store)
        assert (found.path, found.study) == (half, "lenet")
        assert remove_garbage(store, [found]) == 4
        assert own.exists()

    def test_folders_of_no_study_once_they_are_old(self, store):
        with_checkpoint(store)
        path = saved(store, "a study that was deleted")
        stray = store.folder("a file")
        stray.write_bytes(b"123")
        os.utime(stray, (0, 0))
        file, folder = find_garbage(store)
        assert (file.path, file.size) == (stray, 3)
        assert (folder.path, folder.size, folder.study) == (path.parent.parent, 7, None)
        assert remove_garbage(store, [file, folder]) == 10
        assert not path.parent.parent.exists()

    @pytest.mark.parametrize("study", ["lenet", "one that is just beginning"])
    def test_what_was_just_written_is_passed_over(self, store, study):
        with_checkpoint(store)
        path = saved(store, study, "step-000002-attempt-1.npz")
        os.utime(path)
        assert find_garbage(store) == []

    def test_only_what_was_agreed_on_is_removed(self, store):
        with_checkpoint(store)
        first = saved(store, "lenet", "step-000002-attempt-1.npz")
        found = find_garbage(store)
        second = saved(store, "lenet", "step-000003-attempt-1.npz")
        remove_garbage(store, found)
        assert not first.exists()
        assert second.exists()

    def test_a_study_in_hand_is_left_alone(self, store):
        with_checkpoint(store)
        unknown = saved(store, "lenet", "step-000002-attempt-1.npz")
        found = find_garbage(store)
        store.acquire("lenet", foreign(), ttl=60.0)
        assert find_garbage(store) == []
        assert remove_garbage(store, found) == 0
        assert unknown.exists()

    @pytest.mark.parametrize("way", ["moved", "linked"])
    def test_checkpoints_are_known_wherever_the_store_is(self, store, tmp_path, way):
        with_checkpoint(store)
        unknown = saved(store, "lenet", "step-000002-attempt-1.npz", trial=1)
        store.close()
        home = tmp_path.with_name(f"{tmp_path.name}-elsewhere")
        if way == "moved":
            tmp_path.rename(home)
        else:
            home.symlink_to(tmp_path)
        with closing(SqliteStore(home / "rung.db", create=False)) as there:
            assert [each.path for each in find_garbage(there)] == [home / unknown.relative_to(tmp_path)]

    def test_no_other_store_has_its_files_there(self, store, tmp_path):
        names = ["rung.db", "rung.sqlite", "rung.sqlite3", "rung", "rung.sqlite.db", "rung.db.db", "rung-files.db"]
        for name in names[1:]:
            with closing(SqliteStore(tmp_path / name)) as other:
                fill(other)
                saved(other, "lenet")
        assert find_garbage(store) == []
        assert len({SqliteStore(tmp_path / name).folder("lenet") for name in names}) == len(names)

    def test_a_link_is_somebodys_own(self, store, tmp_path):
        with_checkpoint(store)
        (tmp_path / "big disk").mkdir()
        link = store.folder("archive")
        link.symlink_to(tmp_path / "big disk")
        os.utime(link, (0, 0), follow_symlinks=False)
        assert find_garbage(store) == []

    def test_a_store_without_files(self, store):
        fill(store)
        assert find_garbage(store) == []


def test_a_copy_needs_no_other_file(store, tmp_path):
    fill(store)
    target = backup(store, tmp_path / "copy.db")
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_who_holds_what(store):
    fill(store)
    assert holders(store) == []
    for study, owner in (("mine", current_owner()), ("theirs", foreign()), ("nobody's", dead())):
        store.create(created(study))
        store.acquire(study, owner, ttl=60.0)
    assert [(study, is_alive) for study, _, is_alive in holders(store)] == [
        ("mine", True), ("theirs", None), ("nobody's", False),
    ]  # fmt: skip


def test_a_file_that_sqlite_cannot_look_through(store, monkeypatch):
    def refuse(sql):
        raise StoreError("'rung.db' is damaged: database disk image is malformed.", hint="Restore it.")

    monkeypatch.setattr(store.database, "query", refuse)
    assert check_file(store) == ["'rung.db' is damaged: database disk image is malformed."]
