// The 3-D viewer: unpacks a scene, keeps the camera, and answers mouse, touch and keyboard.
// Drawing is left to viewer_webgl.js, or to viewer_canvas.js where WebGL 2 is missing.
"use strict";
window.mofglass = window.mofglass || {};

(function () {
  const RADIUS_A = { 1: 0.22, 6: 0.38, 7: 0.42, 30: 0.72 };
  const COLOUR = { 1: "#e8eaed", 6: "#8c939c", 7: "#7291cf", 8: "#cf5f57", 17: "#5fae57", 35: "#9c5b3b" };
  const BOND_RADIUS_A = 0.13;
  const MARK = "#e0218a"; // broken linkers
  const METAL = [
    { name: "2 or fewer", colour: "#cf3d31", grow: 1.3, has: (n) => n <= 2 },
    { name: "3", colour: "#f0a020", grow: 1.3, has: (n) => n === 3 },
    { name: "4", colour: "#2f9e8f", grow: 1.0, has: (n) => n === 4 },
    { name: "5 or more", colour: "#8a5bd0", grow: 1.3, has: (n) => n >= 5 },
  ];

  const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const typed = (text, Kind) => new Kind(bytes(text).buffer);

  function unpack(packed) {
    return {
      ...packed,
      numbers: bytes(packed.numbers),
      fractions: typed(packed.fractions, Int16Array),
      cells: typed(packed.cells, Float32Array),
      pairs: typed(packed.pairs, Uint32Array),
      bonded: bytes(packed.bonded),
      metals: typed(packed.metals, Uint32Array),
      coordination: bytes(packed.coordination),
      exchange: packed.exchange && { ...packed.exchange, linker: typed(packed.exchange.linker, Uint16Array) },
    };
  }

  // What to draw of one frame: spheres, half bonds (each in its atom's colour, towards the nearest image
  // of the other, so that a bond through the cell's face shows on both sides), cell edges, halos.
  function shapesOf(scene, frame, show) {
    const n = scene.n_atoms;
    const cell = scene.cells.subarray(9 * frame, 9 * frame + 9);
    const toA = (f) => [0, 1, 2].map((k) => f[0] * cell[k] + f[1] * cell[3 + k] + f[2] * cell[6 + k]);
    const centre = toA([0.5, 0.5, 0.5]);
    const at = new Float32Array(3 * n);
    const scaled = scene.fractions.subarray(3 * n * frame, 3 * n * (frame + 1));
    for (let i = 0; i < n; i++) {
      const f = [scaled[3 * i] / 16384, scaled[3 * i + 1] / 16384, scaled[3 * i + 2] / 16384];
      const p = toA(f);
      for (let k = 0; k < 3; k++) at[3 * i + k] = p[k] - centre[k];
    }
    const colours = new Uint8Array(4 * n).fill(255);
    const radii = new Float32Array(n);
    for (let i = 0; i < n; i++) {
      colours.set(rgb(COLOUR[scene.numbers[i]] || "#b7a98f"), 4 * i);
      radii[i] = RADIUS_A[scene.numbers[i]] || 0.5;
    }
    const counts = METAL.map(() => 0);
    scene.metals.forEach((atom, k) => {
      const number = scene.coordination[frame * scene.metals.length + k];
      const kind = METAL.findIndex((entry) => entry.has(number));
      counts[kind] += 1;
      colours.set(rgb(METAL[kind].colour), 4 * atom);
      radii[atom] = RADIUS_A[30] * METAL[kind].grow;
    });
    if (scene.exchange && show.colour !== "coordination") {
      mofglass.colourLinkers(scene, show.colour, (atom, hex, isMetal) => {
        colours.set(rgb(hex), 4 * atom);
        if (isMetal) radii[atom] = 0.7 * RADIUS_A[30];
      });
    }
    const broken = scene.broken[frame];
    const marked = new Uint8Array(n);
    const halos = [];
    for (const linker of broken) {
      const sum = [0, 0, 0];
      for (const atom of linker) {
        marked[atom] = 1;
        if (show.colour === "coordination") colours.set(rgb(MARK), 4 * atom);
        for (let k = 0; k < 3; k++) sum[k] += at[3 * atom + k] / linker.length;
      }
      halos.push(...sum, 3.1);
    }
    const isMetal = new Uint8Array(n);
    scene.metals.forEach((atom) => (isMetal[atom] = 1));
    const visible = (i) =>
      (show.hydrogens || scene.numbers[i] !== 1) && (show.linkers || isMetal[i] || marked[i]);
    const spheres = [];
    const sphereColours = [];
    for (let i = 0; i < n; i++) {
      if (!visible(i)) continue;
      spheres.push(at[3 * i], at[3 * i + 1], at[3 * i + 2], radii[i]);
      sphereColours.push(...colours.subarray(4 * i, 4 * i + 4));
    }
    const starts = [], vectors = [], thickness = [], tints = [];
    const bitsAt = frame * Math.ceil(scene.n_pairs / 8);
    for (let b = 0; b < scene.n_pairs; b++) {
      if (!((scene.bonded[bitsAt + (b >> 3)] >> (b & 7)) & 1)) continue;
      const i = scene.pairs[2 * b], j = scene.pairs[2 * b + 1];
      if (!visible(i) || !visible(j)) continue;
      const f = [0, 1, 2].map((k) => {
        const d = (scaled[3 * j + k] - scaled[3 * i + k]) / 16384;
        return d - Math.round(d);
      });
      const half = toA(f).map((x) => x / 2);
      starts.push(...at.subarray(3 * i, 3 * i + 3), ...at.subarray(3 * j, 3 * j + 3));
      vectors.push(...half, -half[0], -half[1], -half[2]);
      tints.push(...colours.subarray(4 * i, 4 * i + 4), ...colours.subarray(4 * j, 4 * j + 4));
      const radius = Math.min(BOND_RADIUS_A, radii[i], radii[j]);
      thickness.push(radius, radius);
    }
    const lines = [];
    if (show.cell) {
      for (let axis = 0; axis < 3; axis++) {
        for (const [u, v] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
          for (const end of [0, 1]) {
            const corner = [u, v];
            corner.splice(axis, 0, end);
            lines.push(...toA(corner).map((x, k) => x - centre[k]));
          }
        }
      }
    }
    const diagonal = Math.max(...[[1, 1, 1], [1, 1, -1], [1, -1, 1], [-1, 1, 1]].map((f) => Math.hypot(...toA(f))));
    const haloTints = halos.length ? broken.flatMap(() => [...rgb(MARK), 255]) : [];
    return {
      spheres: new Float32Array(spheres), sphereColours: new Uint8Array(sphereColours),
      bondStarts: new Float32Array(starts), bondVectors: new Float32Array(vectors),
      bondRadii: new Float32Array(thickness), bondColours: new Uint8Array(tints),
      lines: new Float32Array(lines), halos: new Float32Array(halos), haloColours: new Uint8Array(haloTints),
      counts, nBroken: broken.length, sizeA: diagonal,
    };
  }

  // The camera: one for all viewers of a page, so that crystal and glass turn together.
  const camera = { rotation: null, zoom: 1, shift: [0, 0], viewers: [] };
  camera.reset = () => {
    camera.rotation = new Float32Array([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    camera.zoom = 1;
    camera.shift = [0, 0];
    camera.turn(0.42, 0.3);
  };
  camera.turn = (aboutY, aboutX) => {
    const [cy, sy, cx, sx] = [Math.cos(aboutY), Math.sin(aboutY), Math.cos(aboutX), Math.sin(aboutX)];
    const r = camera.rotation;
    for (let column = 0; column < 3; column++) {
      const [x, y, z] = r.subarray(3 * column, 3 * column + 3);
      const x1 = cy * x + sy * z, z1 = cy * z - sy * x;
      r.set([x1, cx * y - sx * z1, sx * y + cx * z1], 3 * column);
    }
  };
  camera.zoomBy = (factor) => (camera.zoom = Math.min(12, Math.max(0.3, camera.zoom * factor)));
  camera.changed = () => camera.viewers.forEach((viewer) => viewer.redraw());
  camera.reset();

  mofglass.createViewer = function (root, packedScenes) {
    const canvas = root.querySelector("canvas");
    const find = (name) => root.querySelector(`[data-part="${name}"]`);
    const renderer = mofglass.webglRenderer(canvas) || mofglass.canvasRenderer(canvas);
    const unpacked = new Map();
    const state = { scene: null, frame: 0, shapes: null, playing: 0, queued: false };

    function box(name, otherwise) {
      const input = find(name);
      return input ? input.checked : otherwise;
    }

    function setFrame(frame) {
      state.frame = Math.min(Math.max(0, frame), state.scene.n_frames - 1);
      const colour = find("colour") ? find("colour").value : "coordination";
      const show = { hydrogens: box("hydrogens", true), linkers: box("linkers", true), cell: box("cell", true), colour };
      state.shapes = shapesOf(state.scene, state.frame, show);
      renderer.setGeometry(state.shapes);
      const slider = find("frame");
      if (slider) slider.value = String(state.frame);
      find("caption").textContent = state.scene.captions[state.frame];
      state.shapes.counts.forEach((count, kind) => (find(`count-${kind}`).textContent = String(count)));
      find("count-broken").textContent = String(state.shapes.nBroken);
      mofglass.fillLegends(root, find, state.scene.exchange, colour);
      root.dataset.frame = String(state.frame);
      redraw();
    }

    function setScene(index) {
      if (!unpacked.has(index)) unpacked.set(index, unpack(packedScenes[index]));
      state.scene = unpacked.get(index);
      const slider = find("frame");
      if (slider) {
        slider.max = String(state.scene.n_frames - 1);
        slider.parentElement.hidden = state.scene.n_frames < 2;
      }
      canvas.setAttribute("aria-label", `${state.scene.label}: ${state.scene.n_atoms} atoms in three dimensions`);
      const last = root.dataset.start === "last" ? state.scene.n_frames - 1 : 0;
      setFrame(last);
    }

    function redraw() {
      if (state.queued) return;
      state.queued = true;
      requestAnimationFrame(() => {
        state.queued = false;
        draw();
      });
    }

    function draw() {
      const ratio = Math.min(window.devicePixelRatio || 1, 2);
      const [width, height] = [canvas.clientWidth, canvas.clientHeight];
      if (!width || !state.shapes) return;
      if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
      if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
      const style = getComputedStyle(root);
      const colour = (name) => rgb(style.getPropertyValue(name).trim()).map((part) => part / 255);
      renderer.draw({
        rotation: camera.rotation,
        pixelsPerA: (camera.zoom * 1.14 * Math.min(canvas.width, canvas.height)) / state.shapes.sizeA,
        shift: camera.shift.map((x) => x * ratio),
        depthA: state.shapes.sizeA,
        background: colour("--surface"),
        ink: colour("--faint"),
      });
      root.dataset.drawn = renderer.name;
    }

    function play(on) {
      clearInterval(state.playing);
      state.playing = 0;
      const step = () => setFrame((state.frame + 1) % state.scene.n_frames);
      if (on && state.scene.n_frames > 1) state.playing = setInterval(step, 120);
      const button = find("play");
      if (button) {
        button.setAttribute("aria-pressed", String(Boolean(state.playing)));
        button.textContent = state.playing ? "Pause" : "Play";
      }
    }

    bindPointer(canvas);
    canvas.addEventListener("keydown", (event) => {
      const step = 0.09;
      const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] || [];
      if (dx !== undefined && event.shiftKey) camera.shift = [camera.shift[0] + 16 * dx, camera.shift[1] - 16 * dy];
      else if (dx !== undefined) camera.turn(step * dx, step * dy);
      else if (event.key === "+" || event.key === "=") camera.zoomBy(1.15);
      else if (event.key === "-") camera.zoomBy(1 / 1.15);
      else if (event.key === "0") camera.reset();
      else if (event.key === " ") play(!state.playing);
      else if (event.key === "[" || event.key === "]") setFrame(state.frame + (event.key === "]" ? 1 : -1));
      else return;
      event.preventDefault();
      camera.changed();
    });
    for (const name of ["hydrogens", "linkers", "cell", "colour"]) {
      const input = find(name);
      if (input) input.addEventListener("change", () => setFrame(state.frame));
    }
    if (find("frame")) {
      find("frame").addEventListener("input", (event) => {
        play(false);
        setFrame(Number(event.target.value));
      });
    }
    if (find("play")) find("play").addEventListener("click", () => play(!state.playing));
    if (find("reset")) find("reset").addEventListener("click", () => (camera.reset(), camera.changed()));
    if (find("scene")) find("scene").addEventListener("change", (event) => (play(false), setScene(Number(event.target.value))));
    new ResizeObserver(redraw).observe(canvas);

    camera.viewers.push({ redraw, draw });
    setScene(0);
    return { redraw };
  };

  // One finger or button turns, Shift or the second button or two fingers move, wheel or pinch zooms.
  function bindPointer(canvas) {
    const fingers = new Map();
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      canvas.focus({ preventScroll: true });
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
    }
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const [dx, dy] = [event.clientX - before[0], event.clientY - before[1]];
      if (fingers.size === 2) {
        const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
        const span = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
        camera.zoomBy(span([event.clientX, event.clientY]) / span(before));
        camera.shift = [camera.shift[0] + dx / 2, camera.shift[1] - dy / 2];
      } else if (event.shiftKey || event.buttons === 2) {
        camera.shift = [camera.shift[0] + dx, camera.shift[1] - dy];
      } else {
        camera.turn(dx * 0.009, dy * 0.009);
      }
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
      camera.changed();
    });
    // The page scrolls under the wheel until the viewer has been clicked, or Ctrl is held.
    canvas.addEventListener("wheel", (event) => {
      if (document.activeElement !== canvas && !event.ctrlKey) return;
      event.preventDefault();
      camera.zoomBy(Math.exp(-event.deltaY * 0.0012));
      camera.changed();
    }, { passive: false });
  }

  mofglass.redrawViewers = () => camera.viewers.forEach((viewer) => viewer.draw());
})();
