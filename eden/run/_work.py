"""What the stages of a run share: images, networks and the config, read once when first needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import torch

from eden import data, devices, errors, mapping, nets, network
from eden._say import refusal
from eden.folder import ADAPTED, VARIANTS, Recipe, Results, RunFolder, Variant, trials_name
from eden.mapping import Placement
from eden.network import Config, approximate
from eden.run._task import Evaluator, task_of
from eden.tolerance import Tolerances, one_thread


class Inputs(NamedTuple):
    """What a run reads from outside its folder."""

    splits: data.Splits
    device: devices.Device


def read_inputs(recipe: Recipe, *, progress: bool = False) -> Inputs:
    """Read images and device, before a folder is made: what is wrong with them shows at once.

    Args:
        recipe: Names the data set, how many images of each split to take, and the device.
        progress: Show a bar where decoding takes long.

    Returns:
        The first so many images of each split, and the device.

    Raises:
        ValueError: If the network, data set or device is not known, or cannot be read, the network
            does not take images of their size, or has too few classes for them.
    """
    part, asked, task = recipe.data, recipe.network, task_of(recipe)
    device = devices.load(recipe.device)
    for number, settings in enumerate(recipe.map.points):
        try:
            device.at(**settings.model_dump())
        except ValueError as error:
            raise ValueError(f"recipe key map.points.{number}: {error}") from None
    try:
        recipe.system.check_device(device)
    except ValueError as error:
        raise ValueError(f"recipe key energy.system: {error}") from None
    whole = task.splits(progress=progress)
    counts = (part.train_images, part.validation_images, part.test_images)
    for name, (x, y), count in zip(whole._fields, whole, counts, strict=True):
        if count is not None and count > len(x):
            said = f"at most {len(x)}, the images there are"
            raise ValueError(refusal(f"recipe key data.{name}_images", count, said))
        task.check(name, y[:count])
    pairs = ((data.take(x, slice(n)), y[:n]) for (x, y), n in zip(whole, counts, strict=True))
    splits = data.Splits(*pairs)
    shape = splits.train[0].shape[1:]
    build = partial(nets.build, asked.name, channels=shape[0], **asked.form)
    nets.check_takes(asked.name, build, (shape[0], shape[1], shape[2]))
    return Inputs(splits, device)


def stored_by(recipe: Recipe) -> Config:
    """Return how the network of a recipe is stored, unprotected, under errors at random places."""
    config = Config(
        error=errors.Uniform(weak_fraction=1e-3),
        stored=recipe.stored,
        weights=recipe.weights,
        inputs=recipe.inputs,
        correction=recipe.correction,
        scale=recipe.scale,
        on_chip_bytes=recipe.on_chip_bytes,
        seed=recipe.seed,
    )
    return recipe.system.exposed(config)


class Work:
    """The inputs of the stages of one run folder.

    Args:
        folder: The run folder.
        inputs: From `read_inputs`.
        progress: Whether stages show progress bars.
    """

    def __init__(self, folder: RunFolder, inputs: Inputs, *, progress: bool = True):
        self.folder = folder
        self.splits, self.device = inputs
        self.recipe = folder.recipe
        self.task = task_of(self.recipe)
        self.progress = progress

    def path(self, name: str) -> Path:
        """Return the path of a file of the folder."""
        return self.folder.path / name

    def evaluator(self, split: str, *, most: int | None = None) -> Evaluator:
        """Make the evaluator on a split, or on as many images of it drawn at random."""
        x, y = getattr(self.splits, split)
        whole = self.task.evaluator(x, y)
        if most is not None and most < len(x):
            whole = whole.subset(most, self.recipe.seed)
        whole.digest = data.digest_of(whole.x, whole.y)
        return whole

    @cached_property
    def config(self) -> Config:
        """What is injected while searching, unprotected; the BER is set by the search."""
        return stored_by(self.recipe)

    def config_of(self, variant: Variant) -> Config:
        """What is injected while searching the tolerance of a network as it is stored."""
        return self.config.with_(protect={**self.recipe.protect} if variant.protected else {})

    @contextmanager
    def without_errors(
        self, model: torch.nn.Module, config: Config | None = None
    ) -> Iterator[torch.nn.Module]:
        """The network in the stored format, inside the context: boosted, it counts on clamping."""
        with approximate(model, self.config if config is None else config) as handle:
            handle.set_ber(0.0)
            yield model

    def untrained(self) -> torch.nn.Module:
        """Build the network for the images there are, with random weights."""
        images, asked = self.splits.train[0], self.recipe.network
        return nets.build(asked.name, channels=images.shape[1], **asked.form)

    def shuffled(self, batch_size: int) -> data.Batches:
        """Return batches of the training images, augmented as the recipe says."""
        return data.batches(
            *self.splits.train, batch_size, seed=self.recipe.seed, augment=self.augment
        )

    @property
    def augment(self) -> data.Augment | None:
        """What is made of each batch of training images."""
        part = self.recipe.train.augment
        return None if part is None else data.Augment(part.shift, part.flip, self.task.fill)

    def network(self, name: str) -> torch.nn.Module:
        """Read the unboosted network, the boosted one or the control, with its calibration.

        The unboosted one, "baseline", is the original, or that trained on in the stored format.
        """
        return self._read(ADAPTED if name == "baseline" and self.results.adapting["kept"] else name)

    def original(self) -> torch.nn.Module:
        """Read the network whose accuracy is to be kept: as trained, before any format."""
        return self._read("baseline")

    def _read(self, name: str) -> torch.nn.Module:
        model = self.untrained()
        network.load_into(model, self.path(f"{name}.safetensors"))
        return model.eval()

    def trials(self, name: str) -> Path:
        """The folder of what was asked of a network as it is stored.

        Where what boosting, or training without errors, came to was not kept, the network is the
        one that it began with.
        """
        asked = next(variant for variant in VARIANTS if variant.name == name)
        if not self.results.kept(asked.network):
            same = "baseline", asked.protected
            name = next(v.name for v in VARIANTS if (v.network, v.protected) == same)
        return self.path(trials_name(name))

    @cached_property
    def results(self) -> Results:
        """What finished stages left."""
        return Results(self.folder)

    @cached_property
    def searched(self) -> Evaluator:
        """The evaluator that single cells and tolerances are searched on."""
        return self.evaluator("validation", most=self.recipe.characterize.coarse_images)

    @cached_property
    def searched_target(self) -> float:
        """The accuracy to keep on the images of `searched`."""
        with one_thread():  # as the searches ask
            return self.target_for(self.searched(self.original()))

    def target_for(self, accuracy: float) -> float:
        """The accuracy to keep of one that the original network reaches.

        Raises:
            ValueError: Where all of it may be lost, so that any network would do.
        """
        if accuracy <= (loss := self.recipe.accuracy_loss):
            said = f"less than the accuracy of the trained network, {accuracy:.4f}"
            raise ValueError(refusal("recipe key accuracy_loss", loss, said))
        return accuracy - loss

    @property
    def declared(self) -> tuple[Variant, str]:
        """The network as it is stored, and the method, that the recipe declared to be verified."""
        part = self.recipe.verify
        return next(v for v in self.recipe.variants if v.name == part.network), part.method

    def tolerances_for(self, variant: Variant, method: str) -> Tolerances:
        """Read the tolerances that a method of placement goes by."""
        searched = self.results.searched_as(variant.name)
        finely = searched in self.recipe.networks and self.recipe.fine_searches_of(searched)
        coarsely = method == "coarse" or not finely
        return self.results.tolerances(variant.name, "coarse" if coarsely else "fine")

    def place(
        self, variant: Variant, method: str, tolerances: Tolerances | None = None
    ) -> Placement:
        """Place a network as it is stored, within the risk that its tolerances are stated at.

        Args:
            variant: The network as it is stored.
            method: Of placement.
            tolerances: Others than those found.
        """
        protect = self.recipe.map.protect if variant.protected else None
        if protect == "auto" and method == "coarse":
            protect = None  # one operating point for all leaves no choice to weigh
        return mapping.place(
            self.tolerances_for(variant, method) if tolerances is None else tolerances,
            self.device,
            method=method,
            estimate=self.recipe.map.estimate,
            protect={**protect} if isinstance(protect, dict) else protect,
            risk=self.results.criticality(variant.network),
            points=[self.device.at(**p.model_dump()) for p in self.recipe.map.points],
            modules=1 if method == "coarse" else self.recipe.map.modules,
        )
