// Draws the same shapes on a plain 2-D canvas, back to front, where WebGL 2 is missing.
"use strict";
window.mofglass = window.mofglass || {};

mofglass.canvasRenderer = function (canvas) {
  const context = canvas.getContext("2d");
  let shapes = null;
  const sprites = new Map(); // shaded balls, drawn once for each colour and size

  const css = (rgb) => `rgb(${rgb.map((part) => Math.round(part * 255)).join(",")})`;

  function faded(colours, k, depth, background) {
    const weight = 0.62 * Math.min(Math.max(0.5 - depth, 0), 1);
    return [0, 1, 2].map((c) => (colours[4 * k + c] / 255) * (1 - weight) + background[c] * weight);
  }

  function sprite(rgb, radius) {
    const key = rgb.map((part) => Math.round(part * 24)).join() + "/" + Math.round(radius * 2);
    if (sprites.has(key)) return sprites.get(key);
    if (sprites.size > 4000) sprites.clear();
    const size = Math.max(2, Math.ceil(radius * 2) + 2);
    const ball = document.createElement("canvas");
    ball.width = ball.height = size;
    const pen = ball.getContext("2d");
    const centre = size / 2;
    const shading = pen.createRadialGradient(
      centre - 0.32 * radius, centre - 0.42 * radius, 0.05 * radius, centre, centre, radius);
    const tone = (factor, white) => css(rgb.map((part) => Math.min(1, part * factor + white)));
    shading.addColorStop(0, tone(1, 0.2));
    shading.addColorStop(0.35, tone(0.97, 0));
    shading.addColorStop(0.85, tone(0.62, 0));
    shading.addColorStop(1, tone(0.42, 0));
    pen.fillStyle = shading;
    pen.beginPath();
    pen.arc(centre, centre, radius, 0, 2 * Math.PI);
    pen.fill();
    sprites.set(key, ball);
    return ball;
  }

  function project(view, x, y, z) {
    const r = view.rotation; // stored by columns
    return [
      canvas.width / 2 + view.shift[0] + view.pixelsPerA * (r[0] * x + r[3] * y + r[6] * z),
      canvas.height / 2 - view.shift[1] - view.pixelsPerA * (r[1] * x + r[4] * y + r[7] * z),
      r[2] * x + r[5] * y + r[8] * z,
    ];
  }

  return {
    name: "canvas",
    setGeometry(next) {
      shapes = next;
    },
    draw(view) {
      if (!shapes) return;
      context.fillStyle = css(Array.from(view.background));
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.strokeStyle = css(Array.from(view.ink));
      context.lineWidth = 1;
      context.beginPath();
      for (let k = 0; k < shapes.lines.length; k += 6) {
        const a = project(view, ...shapes.lines.subarray(k, k + 3));
        const b = project(view, ...shapes.lines.subarray(k + 3, k + 6));
        context.moveTo(a[0], a[1]);
        context.lineTo(b[0], b[1]);
      }
      context.stroke();

      const items = [];
      for (let k = 0; k < shapes.spheres.length / 4; k++) {
        const p = project(view, ...shapes.spheres.subarray(4 * k, 4 * k + 3));
        items.push([p[2], k, p, null]);
      }
      for (let k = 0; k < shapes.bondRadii.length; k++) {
        const s = shapes.bondStarts.subarray(3 * k, 3 * k + 3);
        const v = shapes.bondVectors.subarray(3 * k, 3 * k + 3);
        const a = project(view, s[0], s[1], s[2]);
        const b = project(view, s[0] + v[0], s[1] + v[1], s[2] + v[2]);
        items.push([(a[2] + b[2]) / 2, k, a, b]);
      }
      items.sort((one, other) => one[0] - other[0]);
      context.lineCap = "round";
      for (const [z, k, a, b] of items) {
        const depth = z / view.depthA;
        if (b) {
          context.strokeStyle = css(faded(shapes.bondColours, k, depth, view.background).map((c) => c * 0.86));
          context.lineWidth = Math.max(1, 2 * shapes.bondRadii[k] * view.pixelsPerA);
          context.beginPath();
          context.moveTo(a[0], a[1]);
          context.lineTo(b[0], b[1]);
          context.stroke();
        } else {
          const radius = Math.max(0.75, shapes.spheres[4 * k + 3] * view.pixelsPerA);
          const ball = sprite(faded(shapes.sphereColours, k, depth, view.background), radius);
          context.drawImage(ball, a[0] - ball.width / 2, a[1] - ball.height / 2);
        }
      }
      for (let k = 0; k < shapes.halos.length / 4; k++) {
        const p = project(view, ...shapes.halos.subarray(4 * k, 4 * k + 3));
        const radius = shapes.halos[4 * k + 3] * view.pixelsPerA;
        context.strokeStyle = css([0, 1, 2].map((c) => shapes.haloColours[4 * k + c] / 255));
        context.lineWidth = Math.max(1.5, 0.12 * radius);
        context.beginPath();
        context.arc(p[0], p[1], 0.9 * radius, 0, 2 * Math.PI);
        context.stroke();
      }
    },
  };
};
