"""Leave out the residual blocks of an EfficientNet that add exactly nothing.

A grown network (`train.grow`) begins with such blocks, the last BatchNorm's gamma and beta at zero, and keeps those
that no training switched on. The block's sum is then its input, so an engine need not compute the branch.
"""

from typing import Any

import keras


def without_idle_blocks(extractor: keras.Model) -> keras.Model:
    """The same function with fewer layers; the layers that stay are shared with `extractor`.

    Args:
        extractor: a flat model whose residual blocks are named as those of keras.applications' EfficientNets.

    Returns:
        A model of the same input and output; `extractor` itself where it has no idle block.
    """
    sums = {f"{block}_add" for block in idle_blocks(extractor)}
    if not sums:
        return extractor

    def call(layer: keras.layers.Layer, *arguments: Any, **options: Any) -> Any:
        if layer.name in sums:
            _, skip = arguments[0]  # keras.applications adds [branch, input of the block]
            return skip
        return layer(*arguments, **options)

    return keras.models.clone_model(extractor, clone_function=lambda layer: layer, call_function=call)


def idle_blocks(model: keras.Model) -> list[str]:
    """Names of the residual blocks, such as "block1d", whose branch is zero whatever comes in."""
    names = {layer.name for layer in model.layers}
    blocks = [name.removesuffix("_add") for name in names if name.endswith("_add")]
    last = {block: model.get_layer(f"{block}_project_bn") for block in sorted(blocks) if f"{block}_project_bn" in names}
    return [block for block, norm in last.items() if not norm.gamma.numpy().any() and not norm.beta.numpy().any()]
