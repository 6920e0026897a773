"""Generates a country: what each sender lives through and sends, what is planted, and the truth about it.

Belongs here: the order of the work. Senders, content, looks, faults, bytes and sums have their own modules.
"""

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

from ocop_pipeline.catalogue import Catalogue
from ocop_pipeline.catalogue.loading import GROUP_LIST
from ocop_pipeline.catalogue.senders import Sender
from ocop_pipeline.domain.findings import Verdict
from ocop_pipeline.domain.forms import INFO, REGISTER, FormLine, Layout
from ocop_pipeline.domain.indicators import Source
from ocop_pipeline.domain.periods import Period
from ocop_pipeline.domain.units import Tier, UnitVersion
from ocop_pipeline.generator.faults import (
    FAULTS,
    ODDITIES,
    OLD_LAYOUT,
    WISHES,
    Outgoing,
    Scene,
    older_layout,
    plant,
    wanted,
)
from ocop_pipeline.generator.figures import Asked, Figures, Key
from ocop_pipeline.generator.options import Options, OptionsError
from ocop_pipeline.generator.plans import months_of
from ocop_pipeline.generator.register import (
    Product,
    events_between,
    invent_named,
    invent_register,
    is_valid,
)
from ocop_pipeline.generator.senders import Senders
from ocop_pipeline.generator.submission import (
    Listed,
    Submission,
    copy_of,
    lines_of,
    reported,
    revise,
    write_submission,
)
from ocop_pipeline.generator.truth import (
    FileTruth,
    PlantedFault,
    ProductTruth,
    RecognitionTruth,
    SenderKey,
    Truth,
    describe,
)
from ocop_pipeline.generator.wording import between, dice, pick, profiles
from ocop_pipeline.generator.writing import Printing, Progress, write_all

_log = logging.getLogger(__name__)
_SP01, _SP03, _CH01 = "SP01", "SP03", "CH01"
_TWO_FILES = ("corrected", "corrected_bad", "duplicate_bytes")
_DAYS_LATE = (2, 6)


def generate(catalogue: Catalogue, options: Options, inbox: Path, progress: Progress | None = None) -> Truth:
    """Write the files of a country into an inbox, a folder for each month.

    Args:
        catalogue: Units, forms, layouts, indicators and lists.
        options: The country wanted.
        inbox: A folder; made when absent. Files in it of the same names are replaced.
        progress: Told, after each file, how many are written of how many.

    Returns:
        What must come of it. The same catalogue and options give the same bytes and the same truth.

    Raises:
        OptionsError: no province of that code in that month, or an unknown kind of fault.
    """
    return _Country(catalogue, options).send(inbox, progress or (lambda _done, _total: None))


def sound_reports(catalogue: Catalogue, options: Options) -> dict[str, list[tuple[Sender, Submission]]]:
    """What every sender of a country says in each month, without faults and unwritten.

    Args:
        catalogue: Units, forms, layouts, indicators and lists.
        options: The country wanted; its faults are not planted.

    Returns:
        Senders and their reports, by month.

    Raises:
        OptionsError: no province of that code in that month.
    """
    return _Country(catalogue, options).reports()


class _Country:
    def __init__(self, catalogue: Catalogue, options: Options) -> None:
        self._catalogue = catalogue
        self._options = options
        self._senders = Senders(catalogue, options)
        self._truth = Truth(indicators=describe(catalogue.indicators))
        self._months = options.months
        communes = self._senders.communes(self._months[-1])
        try:
            self._wanted = wanted(options.faults, len(communes))
        except KeyError as error:
            raise OptionsError(str(error.args[0])) from error
        self._backward = self._choose_backward()
        self._products = invent_register(
            catalogue.units, communes, self._months[-1], options.seed, options.pace
        )
        self._products += self._named_products(communes)
        self._present: dict[str, list[Sender]] = {}
        self._figures: dict[SenderKey, Figures] = {}
        self._listed_until: dict[SenderKey, date] = {}
        self._shown_until: dict[int, date] = {}
        self._homes: dict[str, dict[int, str]] = {}
        self._sectors: dict[str, dict[str, tuple[str, str]]] = {}

    def send(self, inbox: Path, progress: Progress) -> Truth:
        """Live through all months, write the files of those asked for, and tell the truth."""
        before: dict[SenderKey, Submission] = {}
        done = 0
        for period in self._months:
            outgoing = self._live_through(period)
            _unique(outgoing)
            if period == self._months[-1]:
                outgoing = self._misbehave(outgoing, before)
            total = done + len(outgoing) * (len(self._months) - self._months.index(period))
            self._write(period, outgoing, inbox, partial(_tell, progress, done, total))
            done += len(outgoing)
            before = {item.sender.key: item.submission for item in outgoing}
        self._truth.products = self._product_truths()
        return self._truth

    def reports(self) -> dict[str, list[tuple[Sender, Submission]]]:
        """Live through all months and say what everybody reports."""
        return {
            period.key: [(item.sender, item.submission) for item in self._live_through(period)]
            for period in self._months
        }

    def _named_products(self, communes: Sequence[UnitVersion]) -> list[Product]:
        """The products that the plan asked for names, in the communes below its unit."""
        plan = self._catalogue.plans.get(self._options.plan)
        names = [name for target in plan.targets for name in target.named_products] if plan else []
        if plan is None or not names:
            return []
        end = self._months[-1].end
        bound = [unit for unit in communes if self._senders.is_below(plan, unit, end)]
        months = [month for month in months_of(plan) if month.end <= end]
        return invent_named(self._catalogue.units, bound, names, months, self._options.seed)

    # ------------------------------------------------------------------------------ sound reports

    def _live_through(self, period: Period) -> list[Outgoing]:
        """Let every sender who sends at all live through a month and write its report."""
        senders = self._senders.expected(period)
        self._present = {form: [s for s in senders if s.form == form] for form in self._catalogue.forms}
        by_home = self._by_home(period)
        names = self._senders.commune_names(period)
        self._truth.senders[period.key] = [sender.key for sender in senders]
        self._truth.above[period.key] = {
            sender.unit.unit_id: [unit.unit_id for unit in sender.around.values()] for sender in senders
        }
        prepared: dict[str, tuple[tuple[FormLine, ...], Asked]] = {}
        outgoing = []
        for sender in filter(self._senders.takes_part, senders):
            layout = self._layout_of(sender, period)
            if layout.code not in prepared:
                lines = lines_of(layout, self._catalogue.lines(sender.form, period.end))
                prepared[layout.code] = lines, Asked.of(lines, self._catalogue.indicators)
            lines, asked = prepared[layout.code]
            own = by_home.get(sender.unit.unit_id, [])
            values = self._advance(sender, period, asked, own) | self._counted(lines, period, own)
            register = self._listed(sender, period, own, names)
            outgoing.append(self._report(sender, layout, period, values, register))
        return outgoing

    def _by_home(self, period: Period) -> dict[str, list[Product]]:
        """The products of each commune, and of each unit directly above communes."""
        end = period.end
        found: dict[str, list[Product]] = {}
        homes: dict[int, str] = {}
        for product in self._products:
            home = product.home(self._catalogue.units, end)
            homes[id(product)] = home.unit_id
            found.setdefault(home.unit_id, []).append(product)
            found.setdefault(str(home.parent_id), []).append(product)
        self._homes[period.key] = homes
        self._sectors[period.key] = self._sectors_on(end)
        return found

    def _sectors_on(self, on: date) -> dict[str, tuple[str, str]]:
        """Code and name of each sector in the list of a day; a sector it lacks is taken for its first one."""
        names = self._catalogue.codes_on(GROUP_LIST, on)
        listed = {code: (code, name) for code, name in names}
        return dict.fromkeys(profiles()["register"]["goods"], names[0]) | listed

    def _advance(
        self, sender: Sender, period: Period, asked: Asked, own: Sequence[Product]
    ) -> dict[Key, Decimal]:
        if sender.key not in self._figures:
            identity = (self._options.seed, *sender.key)
            spread = self._options.spread * (2 * dice(*identity, "size").random() - 1)
            only = profiles()["agencies"].get(sender.agency)
            size = profiles()["scale"].get(sender.form, 1) * (1 + spread)
            self._figures[sender.key] = Figures(
                identity, size, frozenset(only) if only else None, self._options.pace
            )
        end = period.end
        valid = sum(is_valid(product, end) for product in own)
        return self._figures[sender.key].advance(period, asked, valid)

    def _counted(
        self, lines: Sequence[FormLine], period: Period, own: Sequence[Product]
    ) -> dict[Key, Decimal]:
        """The figures of the grid that a commune counts from its own register."""
        end = period.end
        valid = [product for product in own if is_valid(product, end)]
        stars = {
            _SP01: [event.star for _, event in events_between(own, period.start, end)],
            _SP03: [product.known(end)[-1].star for product in valid],
        }
        found: dict[Key, Decimal] = {}
        for line in lines:
            counted = stars.get(line.indicator)
            if self._catalogue.indicators[line.indicator].source is not Source.REGISTER:
                continue
            if counted is not None:
                star = line.breakdown.removeprefix("star=")
                found[line.indicator, line.breakdown] = Decimal(counted.count(star) if star else len(counted))
            elif line.indicator == _CH01 and not line.breakdown:
                found[_CH01, ""] = Decimal(len({product.producer.name for product in valid}))
        return found

    def _listed(
        self, sender: Sender, period: Period, own: Sequence[Product], names: Mapping[str, tuple[str, ...]]
    ) -> list[Listed]:
        """What the sender's register lists, with the names as the sender writes them."""
        chance = dice(self._options.seed, "register names", *sender.key, period.key)
        homes, sectors = self._homes[period.key], self._sectors[period.key]
        return [
            Listed(product, pick(chance, names[homes[id(product)]]), sectors[product.sector][1])
            for product in self._new_in_register(sender, period, own)
        ]

    def _report(
        self,
        sender: Sender,
        layout: Layout,
        period: Period,
        values: Mapping[Key, Decimal],
        register: Sequence[Listed],
    ) -> Outgoing:
        chance = dice(self._options.seed, "sending", *sender.key, period.key)
        submission = write_submission(
            self._catalogue, sender, layout, period, values, register, self._options.seed
        )
        suffix = "xlsx" if period == self._months[-1] else self._options.history_format
        return Outgoing(
            sender=sender,
            submission=submission,
            path=self._senders.path(sender, period, suffix, chance),
            sent_at=self._senders.time(sender, period, chance),
            file_format=suffix,
            oddities=[OLD_LAYOUT] if self._is_backward(sender, period) else [],
        )

    def _is_backward(self, sender: Sender, period: Period) -> bool:
        return period == self._months[-1] and sender.key in self._backward

    def _layout_of(self, sender: Sender, period: Period) -> Layout:
        layout = self._layout(sender.form, period.end)
        older = older_layout(self._catalogue.layouts, layout) if self._is_backward(sender, period) else None
        return older or layout

    def _layout(self, form: str, on: date) -> Layout:
        """The layout in force on a day."""
        for layout in self._catalogue.layouts:
            starts = layout.valid_from is None or layout.valid_from <= on
            if layout.form == form and starts and (layout.valid_to is None or on <= layout.valid_to):
                return layout
        raise OptionsError(f"form {form} has no layout on {on}")

    def _choose_backward(self) -> set[SenderKey]:
        """The communes that still use the layout before the current one in the last month."""
        period = self._months[-1]
        communes = [
            sender.key
            for sender in self._senders.expected(period)
            if sender.unit.tier is Tier.COMMUNE
            and self._senders.takes_part(sender)
            and older_layout(self._catalogue.layouts, self._layout(sender.form, period.end)) is not None
        ]
        wish = self._wanted.pop(OLD_LAYOUT, 0)
        count = min(wish, len(communes))
        self._truth.skipped += [OLD_LAYOUT] * (wish - count)
        return set(dice(self._options.seed, OLD_LAYOUT).sample(communes, count))

    def _new_in_register(self, sender: Sender, period: Period, own: Sequence[Product]) -> list[Product]:
        """The products with an event since the sender's last register; in its first one all it knows of.

        A district lists what districts recognised: products its communes list too, which count once. A
        department has no register.
        """
        if REGISTER not in self._catalogue.forms[sender.form].parts:
            return []
        since = self._listed_until.get(sender.key, date.min)
        end = self._listed_until[sender.key] = period.end
        level = Tier.DISTRICT.value if sender.unit.tier is Tier.DISTRICT else None
        found = [
            product
            for product in own
            if any(
                since < event.decision_date and level in (None, event.level) for event in product.known(end)
            )
        ]
        return sorted(found, key=lambda product: (product.producer.name, product.homes, product.name))

    # ------------------------------------------------------------------------------ what goes wrong

    def _misbehave(self, outgoing: list[Outgoing], before: Mapping[SenderKey, Submission]) -> list[Outgoing]:
        """Plant what was wished for, each in another commune, the choosiest first."""
        communes = [item for item in outgoing if item.sender.unit.tier is Tier.COMMUNE]
        chance = dice(self._options.seed, "faults")
        chance.shuffle(communes)
        added: list[Outgoing] = []
        gone: set[int] = set()
        for kind in sorted(self._wanted, key=list(WISHES).index):
            for number in range(self._wanted[kind]):
                chosen = self._plant(kind, communes, before, chance)
                if chosen is None:
                    left = self._wanted[kind] - number
                    self._truth.skipped += [kind] * left
                    _log.warning("no report lends itself to %s, %d times", kind, left)
                    break
                communes = [item for item in communes if item is not chosen]
                if kind == "missing":
                    gone.add(id(chosen))
                elif kind in _TWO_FILES:
                    added.append(self._second_file(kind, chosen, before, chance))
        return [item for item in outgoing if id(item) not in gone] + added

    def _plant(
        self,
        kind: str,
        communes: Sequence[Outgoing],
        before: Mapping[SenderKey, Submission],
        chance: random.Random,
    ) -> Outgoing | None:
        """Plant a fault in the first report that lends itself to it; None when there is none."""
        for item in communes:
            if item.oddities:
                continue
            scene = self._scene(item, before, chance)
            if kind in ODDITIES:
                if ODDITIES[kind](scene):
                    item.oddities.append(kind)
                    return item
            elif kind == "late":
                days = between(chance, *_DAYS_LATE)
                item.sent_at = self._senders.time(item.sender, item.submission.period, chance, days_late=days)
                return item
            elif kind in ("missing", *_TWO_FILES) or plant(FAULTS[kind], scene):
                return item
        return None

    def _scene(self, item: Outgoing, before: Mapping[SenderKey, Submission], chance: random.Random) -> Scene:
        return Scene(
            self._catalogue, item, before.get(item.sender.key), self._present[item.sender.form], chance
        )

    def _second_file(
        self, kind: str, first: Outgoing, before: Mapping[SenderKey, Submission], chance: random.Random
    ) -> Outgoing:
        """A file after the first: the same bytes again, a sound correction, or one that is returned."""
        stem, _, suffix = first.path.rpartition(".")
        second = replace(
            first,
            submission=copy_of(first.submission),
            sent_at=first.sent_at + timedelta(hours=between(chance, 3, 30)),
            planted=[],
            oddities=[],
        )
        if kind == "duplicate_bytes":
            second.path, second.same_as = f"{stem} (1).{suffix}", first.path
            plant(FAULTS[kind], self._scene(second, before, chance))
            return second
        second.path, second.supersedes = f"{stem} - gửi lại.{suffix}", first.path
        second.submission.pairs[INFO]["issue_no"] = 2
        if kind == "corrected":
            revise(second.submission)
        else:
            plant(FAULTS["wrong_total"], self._scene(second, before, chance))
        return second

    # ------------------------------------------------------------------------------ files and truth

    def _write(
        self, period: Period, outgoing: Sequence[Outgoing], inbox: Path, told: Callable[[int], None]
    ) -> None:
        """Write the files of a month and record what must become of each."""
        forms = {item.sender.form for item in outgoing}
        printing = Printing(
            inbox,
            {(form, period.end): self._catalogue.lines(form, period.end) for form in forms},
            self._catalogue.template_words,
        )
        faults = write_all(printing, outgoing, self._options.workers, told)
        superseded = {item.supersedes for item in outgoing if item.verdict is Verdict.ACCEPTED}
        values = self._truth.values.setdefault(period.key, {})
        duties = self._truth.duties.setdefault(period.key, {})
        for item, planted in zip(outgoing, faults, strict=True):
            counts = item.verdict is Verdict.ACCEPTED and item.path not in superseded
            self._truth.files.append(self._file_truth(item, planted, counts=counts))
            if counts:
                lines = printing.lines[item.sender.form, period.end]
                values[item.sender.key] = reported(item.submission, lines)
                duties[item.sender.key] = item.submission.duties
                self._shown_until |= {id(product): period.end for product in item.submission.products}

    def _file_truth(self, item: Outgoing, planted: tuple[PlantedFault, ...], *, counts: bool) -> FileTruth:
        submission = item.submission
        return FileTruth(
            path=item.path,
            form=submission.form,
            layout=submission.layout.code,
            unit_id=submission.unit.unit_id,
            agency=submission.agency,
            period=submission.period.key,
            verdict=item.verdict.value,
            counts=counts,
            faults=planted,
            oddities=tuple(item.oddities),
            supersedes=item.supersedes,
            sent_at=item.sent_at.isoformat(),
            late=item.sent_at.date() > self._senders.deadline(item.sender, submission.period),
        )

    def _product_truths(self) -> list[ProductTruth]:
        """The register as the files that count show it: each product up to the last file that lists it."""
        return [
            ProductTruth(
                name=product.name,
                producer=product.producer.name,
                producer_type=product.producer.type,
                groups={month: sectors[product.sector][0] for month, sectors in self._sectors.items()},
                homes={month: homes[id(product)] for month, homes in self._homes.items()},
                recognitions=tuple(
                    RecognitionTruth(
                        event.star,
                        event.kind,
                        event.level,
                        event.body,
                        event.decision_no,
                        event.decision_date,
                    )
                    for event in product.known(self._shown_until[id(product)])
                ),
            )
            for product in self._products
            if id(product) in self._shown_until
        ]


def _tell(progress: Progress, before: int, total: int, now: int) -> None:
    progress(before + now, total)


def _unique(outgoing: Sequence[Outgoing]) -> None:
    """Two senders may give their files one name; the second then gets a number."""
    taken: set[str] = set()
    for item in outgoing:
        stem, _, suffix = item.path.rpartition(".")
        number = 1
        while item.path.lower() in taken:
            number += 1
            item.path = f"{stem}_{number}.{suffix}"
        taken.add(item.path.lower())
