"""GitLab's code quality report: what a merge request shows beside its changes."""

from __future__ import annotations

import json
from collections import Counter

from stomper.hashing import digest
from stomper.reports.escaping import printable
from stomper.reports.result import RunResult
from stomper.reports.sarif import encodable

_SEVERITIES = {"left": "major", "unknown": "minor", "proven": "info"}


def codequality(result: RunResult) -> str:
    """A list of what is in the code now; the fingerprint of each occurs once."""
    seen: Counter[str] = Counter()
    entries = []
    for finding in result.findings:
        d = finding.diagnostic
        known = d.fingerprint or digest(*map(encodable, (d.tool, d.code, d.path, d.message)))
        seen[known] += 1
        why = f" ({finding.why})" if finding.why else ""
        entries.append({
            "description": encodable(f"{d.code} {d.message}{why}"),
            "check_name": printable(f"{d.tool}/{d.code}"),
            "fingerprint": digest(known, str(seen[known])),
            "severity": _SEVERITIES[finding.state],
            "location": {"path": printable(d.path), "lines": {"begin": max(d.line, 1)}},
        })  # fmt: skip
    return json.dumps(entries, indent=1) + "\n"
