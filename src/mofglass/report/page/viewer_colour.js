// Colours the linkers by how often they were exchanged, or by the lability of their kind (Mendez 2024, Fig. 7).
"use strict";
window.mofglass = window.mofglass || {};

(function () {
  const LABILITY = ["#0072b2", "#bdbdbd", "#d55e00"]; // stable, intermediate, labile
  const RAMP = ["#0072b2", "#e4e4e4", "#d55e00"]; // none, half of the most, the most
  const METAL = "#70757c";
  const NO_LINKER = 65535;

  const parts = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

  function along(share) {
    const at = Math.min(share, 1) * (RAMP.length - 1);
    const k = Math.min(Math.floor(at), RAMP.length - 2);
    const [one, other] = [parts(RAMP[k]), parts(RAMP[k + 1])];
    const mixed = one.map((value, c) => Math.round(value + (at - k) * (other[c] - value)));
    return "#" + mixed.map((value) => value.toString(16).padStart(2, "0")).join("");
  }

  mofglass.colourLinkers = function (scene, mode, paint) {
    const { linker, events, lability, most } = scene.exchange;
    const tints = mode === "lability"
      ? lability.map((mark) => LABILITY[mark])
      : events.map((count) => along(most ? count / most : 0));
    linker.forEach((row, atom) => row !== NO_LINKER && paint(atom, tints[row], false));
    scene.metals.forEach((atom) => paint(atom, METAL, true));
  };

  mofglass.fillLegends = function (root, find, exchange, mode) {
    root.querySelectorAll("[data-mode]").forEach((legend) => (legend.hidden = legend.dataset.mode !== mode));
    if (!exchange || !find("most")) return;
    find("most").textContent = String(exchange.most);
    LABILITY.forEach((_, mark) => {
      const count = exchange.lability.filter((own) => own === mark).length;
      find(`lability-${mark}`).textContent = String(count);
    });
  };
})();
