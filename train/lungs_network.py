"""The lung network: a small U-Net (Ronneberger et al. 2015, arXiv 1505.04597) with batch normalisation.

Three channels come out, as probabilities: outside, the lung on the film's left half (the patient's right), and the
lung on the film's right half. Two lungs that touch stay two.
"""

import keras

from pneumo_core.lungs.prepare import LUNGS_SIZE

_WIDTHS = (8, 24, 48, 96, 160)  # channels at full size, half, ...


def build_lungs() -> keras.Model:
    """Build the network: float32 [n, 128, 128, 1] in 0..1 -> float32 [n, 128, 128, 3], softmax."""
    inputs = keras.Input((LUNGS_SIZE, LUNGS_SIZE, 1), name="film")
    x = inputs
    skips = []
    for width in _WIDTHS[:-1]:
        x = _convolve(_convolve(x, width), width)
        skips.append(x)
        x = keras.layers.MaxPooling2D()(x)
    x = _convolve(_convolve(x, _WIDTHS[-1]), _WIDTHS[-1])
    for width, skip in zip(reversed(_WIDTHS[:-1]), reversed(skips), strict=True):
        # Narrowed before it is enlarged: most of the work is at full size.
        x = keras.layers.UpSampling2D(interpolation="bilinear")(_convolve(x, width, 1))
        x = _convolve(keras.layers.Concatenate()([x, skip]), width)
    outputs = keras.layers.Conv2D(3, 1, activation="softmax", dtype="float32", name="lungs")(x)
    return keras.Model(inputs, outputs, name="lungs")


def _convolve(x: keras.KerasTensor, width: int, size: int = 3) -> keras.KerasTensor:
    x = keras.layers.Conv2D(width, size, padding="same", use_bias=False)(x)
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.95)(x))


def lungs_loss(truth: keras.KerasTensor, answer: keras.KerasTensor) -> keras.KerasTensor:
    """Cross-entropy plus soft Dice of each lung (Milletari et al. 2016, arXiv 1606.04797).

    Args:
        truth: one-hot float32 [n, S, S, 3].
        answer: softmax float32 [n, S, S, 3].

    Returns:
        float32 [n].
    """
    entropy = keras.ops.mean(keras.losses.categorical_crossentropy(truth, answer), axis=(1, 2))
    truth, answer = truth[..., 1:], answer[..., 1:]
    both = keras.ops.sum(truth * answer, axis=(1, 2))
    dice = (2 * both + 1) / (keras.ops.sum(truth, axis=(1, 2)) + keras.ops.sum(answer, axis=(1, 2)) + 1)  # [n, 2]
    return entropy + 1 - keras.ops.mean(dice, axis=-1)
