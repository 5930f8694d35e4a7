"""Training on months of a world, as the pipelines do, but for the server that is tried first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adclick.adlog import AdLog
from adclick.bundle.build import build_bundle
from adclick.bundle.bundle import ServingBundle
from adclick.config import RunConfig
from adclick.encoding.encoder import FeatureEncoder
from adclick.encoding.fit import fit_encoder
from adclick.evaluation.contest import contest
from adclick.evaluation.decision import decide
from adclick.splitting import Split, split_by_time
from adclick.training.baselines import train_baselines
from adclick.training.train import train
from adclick.training.trained import Trained
from adclick.training.warm_start import WarmStart


@dataclass(frozen=True)
class Version:
    """A trained model with all that it was made from."""

    log: AdLog
    split: Split
    encoder: FeatureEncoder
    trained: Trained
    bundle: ServingBundle

    @property
    def name(self) -> str:
        """The bundle's version."""
        return self.bundle.version


@dataclass(frozen=True)
class Tried:
    """A challenger, and whether it was promoted."""

    version: Version
    promoted: bool
    reason: str


def first_version(log: AdLog, config: RunConfig, folder: Path) -> Version:
    """A model of these months, from scratch."""
    return _train(log, config, folder, None)


def challenge(champion: Version, log: AdLog, config: RunConfig, folder: Path) -> Tried:
    """A challenger of these months that begins with the champion's weights, and the decision."""
    start = None
    if config.retraining.warm_start:
        start = WarmStart(champion.name, champion.trained.model, champion.encoder)
    new = _train(log, config, folder, start)
    baselines = train_baselines(log, new.split, new.encoder)
    evaluation = contest(
        log,
        new.split,
        new.encoder,
        new.trained.model,
        baselines,
        champion.bundle,
        config.evaluation,
    )
    # no server is tried here, and so none is judged
    decision = decide(evaluation, config.policy.model_copy(update={"serving": None}))
    return Tried(new, decision.promote, decision.reason)


def _train(log: AdLog, config: RunConfig, folder: Path, start: WarmStart | None) -> Version:
    split = split_by_time(log, config.split)
    encoder = fit_encoder(log, split.training)
    trained = train(log, split, encoder, config.training, start=start)
    bundle = build_bundle(log, split, encoder, trained.model, folder)
    return Version(log, split, encoder, trained, bundle)
