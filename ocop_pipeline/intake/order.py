"""Which of several files for one duty is the later one.

Belongs here: putting files in the order in which later ones supersede earlier ones, and saying where nobody can tell.
Does not: whether a file is accepted; it supersedes nothing before that.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from ocop_pipeline.catalogue.findings import finding_types
from ocop_pipeline.domain.findings import Finding
from ocop_pipeline.intake.tables import Candidate

SAME_MOMENT = timedelta(seconds=1)
"""Files last changed within this time came at once as far as anybody can tell: clocks are no finer."""


def in_order(
    candidates: Iterable[Candidate], modified: dict[str, datetime]
) -> tuple[list[Candidate], list[tuple[Candidate, Finding]]]:
    """Put files of one duty into the order in which later ones supersede earlier ones.

    A file changed later is later. Of files changed at the same moment the higher "Lần gửi" is later; where
    that is equal too, nobody can tell, and each of them is ambiguous.

    Args:
        candidates: the files, of any duties.
        modified: submission_id -> time of last change.

    Returns:
        The files in order, and the ambiguous ones with their finding.
    """
    duties: defaultdict[tuple[str, str, str, str], list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        duties[candidate.identity.duty].append(candidate)
    ordered: list[Candidate] = []
    ambiguous: list[tuple[Candidate, Finding]] = []
    for group in duties.values():
        for moment in _moments(group, modified):
            by_issue: defaultdict[int, list[Candidate]] = defaultdict(list)
            for candidate in moment:
                by_issue[candidate.identity.issue_no].append(candidate)
            for _, tied in sorted(by_issue.items()):
                if len(tied) == 1:
                    ordered += tied
                else:
                    ambiguous += [(one, _ambiguous(one, tied)) for one in tied]
    return ordered, ambiguous


def _moments(group: Sequence[Candidate], modified: dict[str, datetime]) -> list[list[Candidate]]:
    """Files in order of their last change, those of the same moment together."""
    moments: list[list[Candidate]] = []
    last: datetime | None = None
    for candidate in sorted(group, key=lambda c: (modified[c.submission_id], c.submission_id)):
        changed = modified[candidate.submission_id]
        if last is not None and changed - last <= SAME_MOMENT:
            moments[-1].append(candidate)
        else:
            moments.append([candidate])
        last = changed
    return moments


def _ambiguous(one: Candidate, tied: Sequence[Candidate]) -> Finding:
    others = ", ".join(other.file_name for other in tied if other is not one)
    return finding_types().make("AMBIGUOUS_ORDER", other=others)
