"""The card of the intake gate, from its description; no figure comes from elsewhere."""

from collections.abc import Mapping
from typing import Any

from train.tables import table

_LIMITS = """\
- No lateral chest film was at hand. The network learned likenesses of lateral views that were composed of frontal
  films (both halves laid over each other, a spine drawn in); how well it knows real lateral views was never measured.
- Of other body parts it has seen knees, one leg, one hip, one breast, and drawn limbs; of photographs and documents a
  few dozen. What it makes of others was measured only by leaving out one group after another.
- The age group is learned from the sources' own words. All but a dozen of the children's films come from one hospital
  (Kermany), and none of the adults': it is to some degree a classifier of the source. Where the file tells the age,
  that counts instead.
- "Outside the training range" knows the look of the training films, not whether the model is right on a film.
- The thresholds hold for films like those of val."""


def write_gate_card(description: Mapping[str, Any]) -> str:
    """Write the card, Markdown.

    Args:
        description: gate.json with all its metrics.
    """
    made, metrics = description["made"], description["metrics"]
    sections = [
        "# The intake gate",
        "Research and education. Not for diagnosis. Tells whether a picture is a frontal chest film, upright, with "
        "true greys, whole, free of heavy marks, like the films of train, and a child's or an adult's.",
        "## How it was made",
        f"`{made['command']}`",
        f"{made['parameters']:,} parameters, stored as float16: the first five blocks of an EfficientNetB0 that was "
        "trained on ImageNet and then fine-tuned on photographs of mango leaves (MIT licence), frozen, and a head "
        f"trained on {made['samples']:,} pictures: {made['films']:,} films of train and of the lung masks' train split "
        "(each as it is, varied, and damaged), pictures composed of them, drawings, and copies of "
        f"{made['foreign_images']} images that are no frontal chest films. The distance is Mahalanobis' to the nearest "
        "group of training films (Lee et al. 2018, arXiv 1807.03888). It holds no film.",
        "## Thresholds",
        "From val films; a score from the first on is a caution, from the second on a refusal.",
        table(
            ["Score", "Caution", "Refuse"],
            [
                [name, *(_number(limit[grade]) for grade in ("caution", "refuse"))]
                for name, limit in description["thresholds"].items()
            ],
        ),
        "## No frontal chest film against test films",
        "AUROC of the network's score. Each image is measured by a network that has not seen it (two folds over the "
        "images), and by one that has seen no image of its whole group; the distance alone has seen none of them. "
        "In brackets: share of the images with a score above one half.",
        _groups(metrics),
        "## Sound films",
        "Measured on the gate as it ships, from the files; val gave the thresholds.",
        table(
            ["Films", "Number", "Refused", "Refused or cautioned", "Told as child / adult / uncertain"],
            [
                [part, str(found["films"]), *_percents(found), " / ".join(str(n) for n in found["age_groups"].values())]
                for part, found in metrics["films"].items()
            ],
        ),
        "## Damaged test films",
        table(
            ["Damage", "Refused", "Refused or cautioned"],
            [[name, *_percents(found)] for name, found in metrics["damage"].items()],
        ),
        "## Limits",
        _LIMITS,
    ]
    return "\n\n".join(sections) + "\n"


def _groups(metrics: Mapping[str, Any]) -> str:
    rows = [
        [
            group,
            str(found["images"]),
            *(
                f"{part['auroc']:.4f} ({part['above_half'] * 100:.0f} %)"
                for part in (found, metrics["group_left_out"][group])
            ),
            f"{metrics['distance_alone'][group]:.4f}",
        ]
        for group, found in metrics["image_left_out"].items()
    ]
    return table(["Group", "Images", "Image left out", "Group left out", "Distance alone"], rows)


def _percents(found: Mapping[str, Any]) -> list[str]:
    return [f"{found[name] * 100:.1f} %" for name in ("refused", "refused_or_cautioned")]


def _number(value: float | None) -> str:
    return "never" if value is None else f"{value:.3f}"
