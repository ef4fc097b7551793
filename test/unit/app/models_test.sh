#!/bin/bash
# tm-client models as people meet it.  Usage: models_test.sh TM-CLIENT DATA-DIRECTORY
. "$(dirname "$0")/../learner/cli.sh"
command=(models)
models=$data/models.db

# Those that are looked for, and those of the presets.
cp "$models" some.db || fail "no copy"
python3 - <<'END' || fail "no smaller database"
import sqlite3
db = sqlite3.connect("some.db")
db.execute("DELETE FROM model WHERE name NOT LIKE 'https-browsing%' AND name NOT LIKE 'https-chat%' AND name <> 'ssh-interactive'")
db.commit()
END
run 0 --models some.db --users 2 --pace 10s
for name in https-browsing ssh-interactive constant light default strong; do
    grep -q "^$name  *[0-9]" out || fail "no line of $name"
done
grep -q '^--preset default' out || fail "the presets are not explained"
[ ! -s err ] || fail "messages though nothing is wrong"

run 0 --models "$models" --users 2 --pace 10s --json
python3 - <<'END' || fail "not as it should be"
import json
d = json.load(open("out"))
assert d["schema_version"] == 1
names = [m["model"] for m in d["models"]]
assert "constant" in names and len(names) == len(set(names)) >= 9, names
assert all(m["users"] == 2 and m["pace_us"] == 10**7 for m in d["models"])
assert all(m["month_bytes"] > 0 and m["down"]["capacity_bps"] > 0 for m in d["models"])
presets = {p["preset"]: p for p in d["presets"]}
assert list(presets) == ["light", "default", "strong"], presets
assert presets["default"]["lively"] and presets["strong"]["lively"]
months = [p["month_bytes_with_headers"] for p in presets.values()]
assert months == sorted(months), months
END

run 1 --models missing.db
grep -q 'missing.db' err || fail "the file is not named"
run 0 --models "$models" --model https-browsing:5+https-chat:2 --json
python3 - <<'END' || fail "not the card of a mix"
import json
d = json.load(open("out"))
assert [m["model"] for m in d["models"]] == ["https-browsing:5+https-chat:2"] and d["presets"] == []
assert d["models"][0]["kind"] == "mix" and d["models"][0]["users"] == 7
END
run 0 --models "$models" --model https-chat --users 3
grep -q '^https-chat  *3 ' out || fail "not the card of the model that was named"
run 2 --model https-browsing:5+https-chat:2 --users 3
run 1 --models "$models" --model https-browsing:5+nothing
run 2 --users 0

finish "tm-client models"
