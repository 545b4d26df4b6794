"""Tensor products of NequIP and Allegro written out for the compiler of a processor.

Both sum the product of two features over all pairs of their components, and keep the components of a channel
together. That suits a GPU; compiled for a processor, half the time goes into products with zero (for l = 1,
54 of Allegro's 64 Wigner coefficients vanish) and into loads of every third or fourth number. Here every
product that counts is written out, and channels follow each other. The numbers are the same but for the
order of their sums.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from types import MethodType
from typing import Any


def write_out_products(network: Any) -> bool:
    """Replace the tensor products of a NequIP or Allegro model, in place.

    Modules are known by the names of their classes: a package brings its own copies of them. Those of other
    releases are left as they are where their products differ.

    Parameters
    ----------
    network : torch.nn.Module
        A whole model, before it is compiled. Its parameters stay where they are.

    Returns
    -------
    bool
        Whether anything was replaced.
    """
    by_name: dict[str, list[Any]] = {}
    for module in network.modules():
        by_name.setdefault(type(module).__name__, []).append(module)
    summed = [
        module
        for module in by_name.get("TensorProductScatter", [])
        if _arguments(module) == ["x", "edge_attr", "edge_weight", "edge_dst", "edge_src"]
        and all(instruction.connection_mode == "uvu" for instruction in module.tp.instructions)
    ]
    for module in summed:
        module.forward = MethodType(_summed_product(module), module)
    layers = [
        module for module in by_name.get("Allegro_Module", []) if all(map(_is_product_of_allegro, module.tps))
    ]
    for module in layers:
        _replace_weighting(module._env_weighter, channels_last=True)
        for product in module.tps:
            product.forward = MethodType(_written_out(product), product)
    if layers:
        for module in by_name.get("TwoBodySphericalHarmonicTensorEmbed", []):
            _replace_weighting(module._edge_weighter, channels_last=False)
    return bool(summed or layers)


def _arguments(module: Any) -> list[str]:
    return list(signature(module.forward).parameters)


def _is_product_of_allegro(product: Any) -> bool:
    return type(product).__name__ == "Contracter" and _arguments(product) == ["x1", "x2", "idxs"]


def _summed_product(module: Any) -> Callable[..., Any]:
    """Return NequIP's product of neighbours' features with harmonics, summed at atoms, as a method."""
    import torch
    from e3nn.o3 import wigner_3j

    irreps_x, irreps_harmonics, irreps_out = module.tp.irreps_in1, module.tp.irreps_in2, module.tp.irreps_out
    # By path and component of the product: components of both factors, and coefficients that are not zero.
    paths = []
    for path in module.tp.instructions:
        orders = irreps_x[path.i_in1].ir.l, irreps_harmonics[path.i_in2].ir.l, irreps_out[path.i_out].ir.l
        coefficients = path.path_weight * wigner_3j(*orders, dtype=torch.float64)
        of_component: list[list[tuple[int, int, float]]] = [[] for _ in range(2 * orders[2] + 1)]
        for i, j, k in coefficients.nonzero().tolist():
            of_component[k].append((i, j, float(coefficients[i, j, k])))
        paths.append((path, of_component))
    channels = [path.path_shape[0] for path, _ in paths]

    def summed(
        self: Any, x: Any, edge_attr: Any, edge_weight: Any, edge_dst: Any, edge_src: Any
    ) -> Any:  # numpydoc ignore=GL08
        around = [
            [torch.index_select(part, 0, edge_src) for part in parts] for parts in _components(x, irreps_x)
        ]
        harmonics = _components(edge_attr, irreps_harmonics)
        sums: list[list[list[Any]]] = [[[] for _ in range(irrep.dim)] for _, irrep in irreps_out]
        for (path, of_component), weight in zip(paths, edge_weight.split(channels, dim=-1), strict=True):
            first, second = around[path.i_in1], harmonics[path.i_in2]
            for k, terms in enumerate(of_component):
                value = weight * sum(first[i] * (coefficient * second[j]) for i, j, coefficient in terms)
                zeros = x.new_zeros(x.shape[0], weight.shape[1])
                sums[path.i_out][k].append(zeros.index_add(0, edge_dst, value))
        blocks = [torch.stack([sum(parts) for parts in component], dim=-1).flatten(1) for component in sums]
        return torch.cat(blocks, dim=-1)

    return summed


def _components(x: Any, irreps: Any) -> list[list[Any]]:
    """Return components, (n, channels) each, by order, from features that keep a channel's together."""
    blocks = x.split([channels * irrep.dim for channels, irrep in irreps], dim=-1)
    return [
        list(block.reshape(x.shape[0], channels, irrep.dim).unbind(-1))
        for block, (channels, irrep) in zip(blocks, irreps, strict=True)
    ]


def _written_out(module: Any) -> Callable[..., Any]:
    """Return Allegro's product, the sum over Wigner coefficients that are not zero, as a method."""
    import torch

    # Coefficients stand by path and components: of both factors, or of one where only equal ones meet, and of
    # the product. A single path has no axis.
    coefficients = module.w3j if module.num_paths > 1 else module.w3j[None]
    terms = (coefficients != 0).any(dim=0).nonzero().tolist()

    def product(self: Any, edges: Any, atoms: Any, centres: Any) -> Any:  # numpydoc ignore=GL08
        # Features of pairs come by channel and component, those summed at atoms by component and channel.
        weights = torch.einsum(self._weight_w3j_einstr, self.weights, self.w3j)
        edges = edges.transpose(1, 2).unbind(1)
        around = [torch.index_select(component, 0, centres) for component in atoms.unbind(1)]
        sums: list[Any] = [torch.zeros_like(edges[0])] * self.base_dim_out
        for term in terms:
            sums[term[-1]] = sums[term[-1]] + edges[term[0]] * around[term[-2]] * weights[..., *term]
        return torch.stack(sums, dim=1).transpose(1, 2)

    return product


def _replace_weighting(module: Any, *, channels_last: bool) -> None:
    """Let Allegro's weighted harmonics come by component and channel in memory."""
    import torch

    # The order of each component, from the matrix by order and component; one weight for all has none.
    orders = module._rtoi.abs().argmax(dim=0).tolist() if module.weight_individual_irreps else []

    def weighting(self: Any, harmonics: Any, weights: Any) -> Any:  # numpydoc ignore=GL08
        weights = weights.view(weights.shape[0], self.multiplicity_out, -1).unbind(-1)
        components = (self.alpha * harmonics).unbind(-1)
        of_each = [weights[order] for order in orders] or [weights[0]] * len(components)
        products = [
            weight * component[:, None] for weight, component in zip(of_each, components, strict=True)
        ]
        stacked = torch.stack(products, dim=1)
        return stacked if channels_last else stacked.transpose(1, 2)

    module.forward = MethodType(weighting, module)
