"""A canary that watches itself: looks at both versions until the policy says what becomes of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack

from adclick.canary.judgement import Judgement, judge
from adclick.canary.policy import CanaryPolicy
from adclick.canary.trial import CanaryTrial
from adclick.observation import Observation, added
from serving.deployer import Deployer
from serving.deployment import Status, Trial
from serving.replay import Replay, Requests
from serving.trial import TrialOverError


def watch_canary(
    deployer: Deployer,
    champion: str,
    canary: str,
    policy: CanaryPolicy,
    requests: Callable[[], Requests],
) -> CanaryTrial:
    """Watch a version on trial, and promote it or take it back; returns what came of it and why.

    What was answered before is not counted. Where nobody asks, `requests` are replayed, as the
    policy says. Who promotes it or takes it back meanwhile ends the watch. Raises AdclickError
    where the deployer cannot do what was decided.
    """
    status = deployer.status()
    watch = Watch(champion, canary, policy)
    with ExitStack() as stack:
        while (judgement := watch.look(status)) is not None and judgement.verdict == "wait":
            if watch.quiet and status.url is not None:
                watch.replay = stack.enter_context(Replay(status.url, requests()))
                print(f"nobody asks: replaying {watch.replay.source}", flush=True)
            time.sleep(policy.look_seconds)
            status = deployer.status()
    if judgement is None:
        return watch.ended_by_hand(promoted=status.version == watch.canary)
    act = deployer.promote if judgement.verdict == "promote" else deployer.rollback
    try:
        status = act(Trial(canary, champion))
    except TrialOverError:
        return watch.ended_by_hand(promoted=deployer.status().version == watch.canary)
    return watch.ended(judgement, promoted=status.version == watch.canary)


class Watch:
    """What both versions answered since the first look, and what was replayed to them."""

    def __init__(self, champion: str, canary: str, policy: CanaryPolicy) -> None:
        self.canary = canary
        self.replay: Replay | None = None
        self._champion = champion
        self._policy = policy
        self._begun = self._ready = time.monotonic()
        self._counted = {champion: Counted(), canary: Counted()}

    @property
    def quiet(self) -> bool:
        """Whether nobody has asked for so long that requests are to be replayed."""
        after = self._policy.replay_after_seconds
        if self.replay is not None or after is None or self._seconds < after:
            return False
        return not any(counted.total.requests for counted in self._counted.values())

    def look(self, status: Status) -> Judgement | None:
        """What this look, after those before, makes of the canary; None where its trial is over."""
        trial = status.trial
        if trial is None or trial.version != self.canary or status.version != self._champion:
            return None
        for served in status.versions:
            if served.version in self._counted:
                self._counted[served.version].add(served.answered)
        now = time.monotonic()
        if trial.healthy:
            self._ready = now
        return judge(
            self._counted[self._champion].total,
            self._counted[self.canary].total,
            self._policy,
            unready=now - self._ready,
            late=self._seconds > self._policy.longest_minutes * 60,
        )

    def ended(self, judgement: Judgement, *, promoted: bool) -> CanaryTrial:
        """What came of it by the policy."""
        return self._trial(judgement.reason, promoted).model_copy(
            update={"conditions": judgement.conditions}
        )

    def ended_by_hand(self, *, promoted: bool) -> CanaryTrial:
        """What came of it by someone who did not wait."""
        return self._trial("by hand, while it was watched", promoted)

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._begun

    def _trial(self, reason: str, promoted: bool) -> CanaryTrial:
        return CanaryTrial(
            version=self.canary,
            champion=self._champion,
            outcome="promoted" if promoted else "rolled back",
            reason=reason,
            seconds=self._seconds,
            replayed=self.replay.sent if self.replay else 0,
            replayed_from=self.replay.source if self.replay else None,
        )


class Counted:
    """What a version answered from one look to the next, added up."""

    def __init__(self) -> None:
        self.total = Observation()
        self._last: dict[str, Observation] = {}

    def add(self, now: Mapping[str, Observation] | None) -> None:
        """Take a look at its servers; None, where metrics could not be read, changes nothing.

        A server counts from the first look at it. One that is not seen for a while, as a pod that
        is not ready, goes on where it was.
        """
        if now is not None:
            self.total = self.total.plus(added(self._last, now))
            self._last.update(now)
