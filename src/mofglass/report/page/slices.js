// Draws slices of the local density: maps side by side, one colour scale in g/cm³.
"use strict";
window.mofglass = window.mofglass || {};

mofglass.buildSlices = function (figure, look, width) {
  const columns = Math.max(1, Math.min(figure.maps.length, Math.floor(width / 190), 4));
  const rows = Math.ceil(figure.maps.length / columns);
  const [a, b] = figure.edges_A;
  const layout = {
    paper_bgcolor: look.surface, plot_bgcolor: look.surface, font: { family: look.font, size: 12, color: look.ink },
    margin: { l: 48, r: 10, t: 26, b: 44 }, dragmode: false, showlegend: false, annotations: [],
    coloraxis: {
      cmin: figure.limits[0], cmax: figure.limits[1], colorscale: "RdBu", reversescale: false,
      colorbar: { title: { text: "density (g/cm³)", side: "right" }, thickness: 14, outlinewidth: 0, len: 1 },
    },
  };
  const data = figure.maps.map((map, k) => {
    const suffix = k ? String(k + 1) : "";
    const [row, column] = [Math.floor(k / columns), k % columns];
    const [wide, high] = [1 / columns, 1 / rows];
    const left = column * wide, top = 1 - row * high;
    const axis = { ticks: "outside", ticklen: 3, nticks: 4, zeroline: false, showgrid: false, linecolor: look.faint, tickcolor: look.faint };
    layout[`xaxis${suffix}`] = {
      ...axis, domain: [left, left + 0.86 * wide], anchor: `y${suffix}`, constrain: "domain",
      title: { text: "along a (Å)", standoff: 4, font: { size: 11 } },
    };
    layout[`yaxis${suffix}`] = {
      ...axis, domain: [top - (rows > 1 ? 0.7 : 0.92) * high, top], anchor: `x${suffix}`, scaleanchor: `x${suffix}`, constrain: "domain",
      title: { text: column ? "" : "along b (Å)", standoff: 4, font: { size: 11 } },
    };
    layout.annotations.push({
      text: map.title, xref: "paper", yref: "paper", x: left + 0.43 * wide, y: top, yanchor: "bottom", xanchor: "center",
      showarrow: false, font: { size: 11.5, color: look.ink },
    });
    return {
      type: "heatmap", z: map.values, x0: a / 2, dx: a, y0: b / 2, dy: b, xaxis: `x${suffix}`, yaxis: `y${suffix}`,
      coloraxis: "coloraxis", xgap: 1, ygap: 1, hovertemplate: "%{z:.3f} g/cm³<extra></extra>",
    };
  });
  return { data, layout };
};
