// Starts the page: reads its data, opens the viewers, draws the figures, and says when all is drawn.
"use strict";
(function () {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const scenes = read("scenes");
  document.querySelectorAll(".viewer").forEach((root) => {
    mofglass.createViewer(root, root.dataset.scenes.split(" ").map((index) => scenes[Number(index)]));
  });
  mofglass.drawFigures(read("figures"), () => {
    document.documentElement.dataset.ready = "true";
  });

  // The contents list marks the section being read.
  const links = new Map(Array.from(document.querySelectorAll("nav a"), (link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      links.forEach((link) => link.removeAttribute("aria-current"));
      links.get(entry.target.id).setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  document.querySelectorAll("main > section[id]").forEach((section) => links.has(section.id) && seen.observe(section));
})();
