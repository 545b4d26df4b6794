// Draws the figures with plotly.js, in the colours of the page's theme, and again when the theme changes.
// A figure is plain data: panels with axis labels, curves with role and colour number, shaded stages.
"use strict";
window.mofglass = window.mofglass || {};

(function () {
  const COLOURS = {
    light: ["#c2512f", "#20639b", "#2a7f62", "#8c5aa8", "#a87900", "#b0457b", "#4a6a7c", "#6b6b1f"],
    dark: ["#f08a63", "#6fb1e8", "#5cc7a2", "#c29be0", "#e3b94d", "#ec86b6", "#9bbccb", "#c5c56a"],
  };
  const SYMBOLS = ["circle", "diamond", "square", "triangle-up"];
  const WIDTH = { mean: 2.4, glass: 1.8, each: 1.0, crystal: 1.6, raw: 0.8, smooth: 2.0 };
  const DASH = { crystal: "dot" };
  const OPACITY = { each: 0.5, raw: 0.35 };

  let printing = false;
  const dark = () => !printing && window.matchMedia("(prefers-color-scheme: dark)").matches;

  function theme(element) {
    const style = getComputedStyle(element);
    const value = (name) => style.getPropertyValue(name).trim();
    const paper = printing || !dark();
    return {
      ink: printing ? "#1c1b19" : value("--ink"),
      faint: printing ? "#8a857c" : value("--faint"),
      rule: printing ? "#e2ddd3" : value("--rule"),
      surface: printing ? "#ffffff" : value("--surface"),
      stages: paper ? ["rgba(70,60,40,0.055)", "rgba(70,60,40,0)"] : ["rgba(255,255,255,0.06)", "rgba(255,255,255,0)"],
      colours: COLOURS[paper ? "light" : "dark"],
      font: value("--sans"),
    };
  }

  const translucent = (hex, alpha) =>
    `rgba(${[1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)).join(",")},${alpha})`;

  // plotly.js reads a little HTML in its texts; names from data are to stay plain.
  const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/[{}]/g, "");

  // One curve becomes a line with a band of its standard error, or bars with error bars.
  function traces(curve, kind, axes, look) {
    const colour = curve.role === "crystal" && curve.alone ? look.faint : look.colours[curve.colour % look.colours.length];
    const common = {
      x: curve.x, y: curve.y, name: escaped(curve.legend || curve.label), legendgroup: curve.group,
      hovertemplate: `${kind === "points" ? "%{x:.4~g}, " : ""}%{y:.4~g}<extra>${escaped(curve.label)}</extra>`,
      showlegend: Boolean(curve.legend), visible: curve.hidden ? "legendonly" : true, ...axes,
    };
    if (kind === "bar" && curve.role !== "each") {
      const bar = { ...common, type: "bar", marker: { color: translucent(colour, curve.role === "crystal" ? 0.35 : 0.85), line: { color: colour, width: 1 } } };
      if (curve.error) bar.error_y = { type: "data", array: curve.error, color: look.ink, thickness: 1.2, width: 3 };
      return [bar];
    }
    const points = curve.n_points === 1 || kind === "bar" || kind === "points" || curve.points;
    const size = points && kind !== "bar" ? (curve.n_points < 30 ? 9 : 4) : 5;
    // Colours that come again have another shape.
    const symbol = SYMBOLS[Math.floor(curve.colour / look.colours.length) % SYMBOLS.length];
    const line = {
      ...common, type: "scatter", mode: points ? "markers" : "lines",
      line: { color: colour, width: WIDTH[curve.role] || 1.8, dash: DASH[curve.role] || "solid" },
      marker: { color: colour, size, symbol },
      opacity: kind === "points" && size < 9 ? 0.5 : OPACITY[curve.role] || 1,
    };
    if (points && curve.error) line.error_y = { type: "data", array: curve.error, color: colour, thickness: 1.2 };
    if (points || !curve.band) return [line];
    const band = {
      ...common, x: curve.band.x, y: curve.band.y, type: "scatter", mode: "lines", line: { width: 0 },
      fill: "toself", fillcolor: translucent(colour, 0.17), hoverinfo: "skip", hovertemplate: null, showlegend: false,
    };
    return [band, line];
  }

  function axis(title, log, look, range) {
    // Within a factor of five 1, 2 and 5 are too few numbers, in more than that all ten collide.
    const few = range && range[1] - range[0] < Math.log10(5);
    return {
      title: { text: title, standoff: 8, font: { size: 13 } }, type: log ? "log" : "linear", automargin: true,
      tickformat: log ? "~g" : "", dtick: log && !few ? "D2" : null, ...(range ? { range } : {}),
      gridcolor: look.rule, zerolinecolor: look.rule, linecolor: look.faint, tickcolor: look.faint,
      ticks: "outside", ticklen: 4, showline: true, nticks: 7, exponentformat: "power", minexponent: 4,
    };
  }

  // Direction surfaces come with their data and layout; the page adds its colours.
  function surface({ data, layout }, look) {
    const axis = { ...layout.scene.xaxis, color: look.faint, gridcolor: look.rule };
    return {
      data,
      layout: {
        ...layout, title: undefined, margin: { l: 0, r: 0, t: 0, b: 0 }, paper_bgcolor: look.surface,
        font: { family: look.font, color: look.ink }, scene: { ...layout.scene, xaxis: axis, yaxis: axis, zaxis: axis },
      },
    };
  }

  function build(figure, element) {
    const look = theme(element);
    if (figure.surface) return surface(figure.surface, look);
    if (figure.maps) return mofglass.buildSlices(figure, look, element.clientWidth);
    const narrow = element.clientWidth < 520;
    const n = figure.panels.length;
    const layout = {
      paper_bgcolor: look.surface, plot_bgcolor: look.surface, colorway: look.colours,
      font: { family: look.font, size: narrow ? 11 : 12.5, color: look.ink },
      margin: { l: narrow ? 52 : 64, r: 14, t: 14 + (figure.stages ? 20 : 0), b: 46 },
      modebar: { orientation: "v", bgcolor: "rgba(0,0,0,0)", color: look.faint, activecolor: look.ink },
      hovermode: n > 1 ? "x" : "closest", barmode: "group", bargap: 0.4, shapes: [], annotations: [],
      legend: {
        orientation: "h", y: 1 + (figure.stages ? 26 : 6) / Math.max(120, element.clientHeight - 110), yanchor: "bottom", x: 0, font: { size: narrow ? 10.5 : 12 },
        itemwidth: 30, groupclick: "togglegroup", tracegroupgap: 0,
      },
      hoverlabel: { font: { family: look.font } }, dragmode: narrow ? false : "zoom",
    };
    const data = [];
    // Panels of one figure stand one above the other and share the abscissa.
    const gap = n > 1 ? 0.045 : 0;
    figure.panels.forEach((panel, k) => {
      const suffix = k ? String(k + 1) : "";
      const top = 1 - (k * (1 + gap)) / n;
      layout[`yaxis${suffix}`] = {
        ...axis(n > 1 ? panel.y_label.replace(" (", "<br>(") : panel.y_label, panel.y_log, look, panel.y_range),
        nticks: n > 1 ? 4 : 7,
        domain: n > 1 ? [Math.max(0, top - (1 - gap * (n - 1)) / n), Math.min(1, top)] : [0, 1],
      };
      panel.curves.forEach((curve) => {
        data.push(...traces(curve, panel.kind, { xaxis: "x", yaxis: `y${suffix}` }, look));
      });
    });
    const last = n > 1 ? `y${n}` : "y";
    const { x_log: logarithmic, x_range: range } = figure.panels[0];
    layout.xaxis = { ...axis(figure.panels[n - 1].x_label, logarithmic, look, range), anchor: last };
    if (figure.panels[0].every_integer) layout.xaxis.dtick = 1;
    if (figure.panels[0].diagonal) {
      // On a logarithmic axis shapes are placed by the numbers themselves.
      const [low, high] = figure.panels[0].diagonal;
      layout.shapes.push({
        type: "line", xref: "x", yref: "y", x0: low, y0: low, x1: high, y1: high,
        line: { color: look.faint, width: 1 }, layer: "below",
      });
    }
    layout.showlegend = data.some((trace) => trace.showlegend);
    (figure.stages || []).forEach((stage, k) => {
      layout.shapes.push({
        type: "rect", xref: "x", yref: "paper", x0: stage.start, x1: stage.end, y0: 0, y1: 1,
        fillcolor: look.stages[k % 2], line: { width: 0 }, layer: "below",
      });
      const span = figure.stages[figure.stages.length - 1].end - figure.stages[0].start;
      if ((stage.end - stage.start) / span > (narrow ? 0.16 : 0.07)) {
        layout.annotations.push({
          xref: "x", yref: "paper", x: (stage.start + stage.end) / 2, y: 1, yanchor: "bottom", showarrow: false,
          text: escaped(stage.label), font: { size: narrow ? 10 : 11.5, color: look.faint },
        });
      }
    });
    return { data, layout };
  }

  const config = {
    displaylogo: false, responsive: true, showTips: false, 
    displayModeBar: window.matchMedia("(hover: hover)").matches ? "hover" : false,
    modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"],
    toImageButtonOptions: { format: "svg" },
  };

  mofglass.drawFigures = function (figures, done) {
    const all = Array.from(document.querySelectorAll("[data-figure]"));
    const elements = all.filter((element) => !figures[element.dataset.figure].surface);
    const draw = (element) => {
      const { data, layout } = build(figures[element.dataset.figure], element);
      return Plotly.react(element, data, layout, config);
    };
    // Surfaces need a graphics context each: they are drawn when the reader comes to them.
    const seen = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        seen.unobserve(target);
        elements.push(target);
        draw(target);
      }
    }, { rootMargin: "20% 0px" });
    all.filter((element) => !elements.includes(element)).forEach((element) => seen.observe(element));
    const redraw = () => elements.forEach(draw);
    // One figure a task keeps the page responsive while it loads.
    const first = [...elements];
    (function next(k) {
      if (k === first.length) return done();
      Promise.resolve(draw(first[k])).then(() => setTimeout(() => next(k + 1), 0));
    })(0);
    const scheme = window.matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", () => {
      redraw();
      mofglass.redrawViewers();
    });
    window.addEventListener("beforeprint", () => ((printing = true), redraw()));
    window.addEventListener("afterprint", () => ((printing = false), redraw()));
  };
})();
