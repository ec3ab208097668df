"""From a bundle back to the Keras model that it was written from."""

import keras

from pneumo_core.errors import BundleError
from pneumo_core.model.architecture import build_model, finalize_normalization, weight_names
from pneumo_core.model.bundle import Bundle


def restore_model(bundle: Bundle) -> keras.Model:
    """Build the bundle's network and give it the bundle's weights.

    Args:
        bundle: the checked bundle.

    Returns:
        float32 [n, S, S, 3] in 0..255 -> float32 logits [n, 4].

    Raises:
        BundleError: if the tensors are not exactly those of the architecture.
    """
    try:
        model = build_model(bundle.backbone, bundle.head, size=bundle.input_size)
    except ValueError as error:
        raise BundleError(f"The model {bundle.name} names an architecture that is not known: {error}") from error
    expected = list(zip(weight_names(model), (tuple(weight.shape) for weight in model.weights), strict=True))
    came = [(entry.name, entry.shape) for entry in bundle.tensors]
    if came != expected:
        odd = next(
            (pair for pair in zip(came, expected, strict=False) if pair[0] != pair[1]), (len(came), len(expected))
        )
        raise BundleError(
            f"The tensors of the model {bundle.name} do not fit {bundle.backbone} with the {bundle.head} head: "
            f"{odd[0]} came where {odd[1]} was expected. Use a bundle made for this version."
        )
    model.set_weights(list(bundle.read().values()))
    finalize_normalization(model)
    return model
