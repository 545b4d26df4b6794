// Draws atoms as shaded spheres and bonds as cylinders with WebGL 2.
// Each is one rectangle whose pixels are shaded as if it were round ("impostors"), all in two draw calls,
// so that a few thousand atoms stay smooth even on a processor that emulates a graphics card.
"use strict";
window.mofglass = window.mofglass || {};

mofglass.webglRenderer = function (canvas) {
  const options = { antialias: true, alpha: false, preserveDrawingBuffer: true };
  const gl = canvas.getContext("webgl2", options);
  if (!gl) return null;

  // Shared by all shaders: Å to clip space, parallel projection; and the light, with depth fading.
  const projection = `#version 300 es
    precision highp float;
    uniform mat3 rotation; uniform vec2 clipPerA, shift; uniform float depthA;
    vec3 turned(vec3 p) { return rotation * p; }
    vec4 project(vec3 p) { return vec4(p.xy * clipPerA + shift, -p.z / depthA, 1.0); }
  `;
  const light = `#version 300 es
    precision highp float;
    uniform vec3 background; uniform float depthA, fade; out vec4 pixel;
    void shade(vec3 base, vec3 n, float z, float cover) {
      float lit = 0.42 + 0.58 * max(dot(n, normalize(vec3(-0.35, 0.55, 0.75))), 0.0);
      float glint = pow(max(dot(n, normalize(vec3(-0.22, 0.42, 0.88))), 0.0), 36.0);
      vec3 colour = base * lit * (0.62 + 0.38 * smoothstep(0.0, 0.55, n.z)) + 0.22 * glint;
      float far = clamp(0.5 - 0.62 * z / depthA * 1.6, 0.0, 1.0);
      pixel = vec4(mix(colour, background, fade * far), cover);
      gl_FragDepth = 0.5 - 0.5 * z / depthA;
    }
  `;

  const spheres = program(projection + `
    layout(location=0) in vec4 ball; layout(location=1) in vec4 tint;
    out vec2 at; out vec3 colour; out float z, radius;
    void main() {
      at = 1.06 * vec2(float(gl_VertexID & 1) * 2.0 - 1.0, float(gl_VertexID >> 1) * 2.0 - 1.0);
      vec3 p = turned(ball.xyz); radius = ball.w; z = p.z; colour = tint.rgb;
      gl_Position = project(p + vec3(at * radius, 0.0));
    }`, light + `
    in vec2 at; in vec3 colour; in float z, radius;
    void main() {
      float r = length(at), soft = fwidth(r);
      if (r > 1.0) discard;
      vec3 n = vec3(at, sqrt(1.0 - r * r));
      shade(colour, n, z + n.z * radius, clamp((1.0 - r) / soft, 0.0, 1.0));
    }`);

  const bonds = program(projection + `
    layout(location=0) in vec3 start; layout(location=1) in vec3 along;
    layout(location=2) in float thickness; layout(location=3) in vec4 tint;
    out float across, z, radius; out vec3 colour, side, front;
    void main() {
      vec3 a = turned(start), u = turned(along);
      vec2 flat2 = length(u.xy) > 1e-5 ? normalize(u.xy) : vec2(1.0, 0.0);
      side = vec3(-flat2.y, flat2.x, 0.0);
      front = cross(side, normalize(u + vec3(0.0, 0.0, 1e-6)));
      if (front.z < 0.0) front = -front;
      across = float(gl_VertexID & 1) * 2.0 - 1.0;
      vec3 p = a + u * float(gl_VertexID >> 1);
      radius = thickness; z = p.z; colour = tint.rgb;
      gl_Position = project(p + side * across * radius);
    }`, light + `
    in float across, z, radius; in vec3 colour, side, front;
    void main() {
      float height = sqrt(max(0.0, 1.0 - across * across));
      shade(colour, normalize(side * across + front * height), z + radius * height * front.z, 1.0);
    }`);

  const lines = program(projection + `
    layout(location=0) in vec3 corner;
    void main() { gl_Position = project(turned(corner)); }`, `#version 300 es
    precision highp float; uniform vec3 ink; out vec4 pixel;
    void main() { pixel = vec4(ink, 1.0); }`);

  // Halos lie over everything, so that a broken linker is seen from any side.
  const halos = program(projection + `
    layout(location=0) in vec4 ball; layout(location=1) in vec4 tint;
    out vec2 at; out vec3 colour;
    void main() {
      at = vec2(float(gl_VertexID & 1) * 2.0 - 1.0, float(gl_VertexID >> 1) * 2.0 - 1.0);
      colour = tint.rgb;
      gl_Position = project(turned(ball.xyz) + vec3(at * ball.w, 0.0));
    }`, `#version 300 es
    precision highp float; in vec2 at; in vec3 colour; out vec4 pixel;
    void main() {
      float r = length(at);
      float ring = smoothstep(0.80, 0.85, r) * (1.0 - smoothstep(0.95, 1.0, r));
      if (ring < 0.02) discard;
      pixel = vec4(colour, ring);
    }`);

  function program(vertex, fragment) {
    const linked = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) {
        throw new Error(gl.getShaderInfoLog(shader));
      }
      gl.attachShader(linked, shader);
    }
    gl.linkProgram(linked);
    if (!gl.getProgramParameter(linked, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(gl.getProgramInfoLog(linked));
    }
    const uniforms = {};
    const count = gl.getProgramParameter(linked, gl.ACTIVE_UNIFORMS) || 0;
    for (let k = 0; k < count; k++) {
      const name = gl.getActiveUniform(linked, k).name;
      uniforms[name] = gl.getUniformLocation(linked, name);
    }
    return { linked, uniforms, array: gl.createVertexArray(), buffers: [], count: 0 };
  }

  // columns: [typed array, numbers per item, as integers scaled to 0..1]
  function upload(target, columns, perInstance) {
    gl.bindVertexArray(target.array);
    target.count = columns[0][0].length / columns[0][1];
    columns.forEach(([values, size, scaled], location) => {
      target.buffers[location] = target.buffers[location] || gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, target.buffers[location]);
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
      gl.enableVertexAttribArray(location);
      gl.vertexAttribPointer(location, size, scaled ? gl.UNSIGNED_BYTE : gl.FLOAT, scaled, 0, 0);
      gl.vertexAttribDivisor(location, perInstance ? 1 : 0);
    });
    gl.bindVertexArray(null);
  }

  function use(target, view) {
    gl.useProgram(target.linked);
    gl.bindVertexArray(target.array);
    const set = target.uniforms;
    gl.uniformMatrix3fv(set.rotation, false, view.rotation);
    gl.uniform2f(set.clipPerA, (2 * view.pixelsPerA) / canvas.width, (2 * view.pixelsPerA) / canvas.height);
    gl.uniform2f(set.shift, (2 * view.shift[0]) / canvas.width, (2 * view.shift[1]) / canvas.height);
    gl.uniform1f(set.depthA, view.depthA);
    if (set.fade) gl.uniform1f(set.fade, 0.62);
    if (set.background) gl.uniform3fv(set.background, view.background);
    if (set.ink) gl.uniform3fv(set.ink, view.ink);
  }

  return {
    name: "WebGL",
    setGeometry(shapes) {
      upload(spheres, [[shapes.spheres, 4, false], [shapes.sphereColours, 4, true]], true);
      upload(bonds, [[shapes.bondStarts, 3, false], [shapes.bondVectors, 3, false],
        [shapes.bondRadii, 1, false], [shapes.bondColours, 4, true]], true);
      upload(lines, [[shapes.lines, 3, false]], false);
      upload(halos, [[shapes.halos, 4, false], [shapes.haloColours, 4, true]], true);
    },
    draw(view) {
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(...view.background, 1);
      gl.enable(gl.DEPTH_TEST);
      gl.disable(gl.BLEND);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      use(lines, view);
      if (lines.count) gl.drawArrays(gl.LINES, 0, lines.count);
      gl.enable(gl.SAMPLE_ALPHA_TO_COVERAGE); // smooth rims
      for (const target of [spheres, bonds]) {
        use(target, view);
        if (target.count) gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, target.count);
      }
      gl.disable(gl.SAMPLE_ALPHA_TO_COVERAGE);
      if (halos.count) {
        gl.disable(gl.DEPTH_TEST);
        gl.enable(gl.BLEND);
        gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
        use(halos, view);
        gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, halos.count);
      }
      gl.bindVertexArray(null);
    },
  };
};
