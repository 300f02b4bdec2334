(function () {
  "use strict";
  const plots = JSON.parse(document.getElementById("figures").textContent);
  const chosen = {};

  // Figures name CSS variables where a colour belongs; they are looked up anew whenever the theme changes.
  function resolved(value, styles) {
    if (typeof value === "string") return value.startsWith("--") ? styles.getPropertyValue(value).trim() : value;
    if (Array.isArray(value)) return value.map((one) => resolved(one, styles));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, resolved(one, styles)]));
    }
    return value;
  }

  function themed(figure) {
    const styles = getComputedStyle(document.documentElement);
    const axis = {
      gridcolor: "--grid", linecolor: "--line-strong", zeroline: false, automargin: true, fixedrange: true,
      tickfont: { size: 12 }, ticks: "outside", tickcolor: "--line-strong", ticklen: 4,
    };
    const narrow = window.innerWidth < 640;
    const titled = (given) => ({ ...axis, ...given, title: { standoff: 12, font: { size: 12.5, color: "--ink-soft" }, ...given.title } });
    const layout = {
      ...figure.layout,
      font: { family: styles.getPropertyValue("--sans").trim(), size: 13, color: "--ink-soft" },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      margin: { l: narrow ? 44 : 56, r: narrow ? 10 : 24, t: 12, b: 50 },
      hoverlabel: { bgcolor: "--surface", bordercolor: "--line-strong", font: { color: "--ink", size: 12.5 } },
      legend: { orientation: "h", x: 0, y: 1.02, xanchor: "left", yanchor: "bottom", font: { color: "--ink", size: 12.5 } },
      xaxis: titled(figure.layout.xaxis), yaxis: titled(figure.layout.yaxis),
    };
    return resolved({ data: figure.data, layout }, styles);
  }

  function draw(name) {
    const canvas = document.getElementById("plot-" + name);
    const figure = canvas && plots[name] && plots[name][chosen[name]];
    if (!figure || !window.Plotly) return;
    const { data, layout } = themed(figure);
    Plotly.react(canvas, data, layout, { responsive: true, displayModeBar: false });
  }

  function drawAll() { Object.keys(plots).forEach(draw); }

  document.querySelectorAll(".switch").forEach((group) => {
    const name = group.dataset.plot;
    const buttons = [...group.querySelectorAll("button")];
    chosen[name] = buttons.length ? buttons[0].value : undefined;
    buttons.forEach((button) => button.addEventListener("click", () => {
      chosen[name] = button.value;
      buttons.forEach((one) => one.setAttribute("aria-pressed", String(one === button)));
      draw(name);
    }));
  });
  // A plot with one figure has no buttons.
  for (const name of Object.keys(plots)) chosen[name] ??= Object.keys(plots[name])[0];
  drawAll();

  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  // Paper is white whatever the screen is.
  window.addEventListener("beforeprint", () => { document.documentElement.dataset.theme = "light"; drawAll(); });
  window.addEventListener("afterprint", () => { delete document.documentElement.dataset.theme; drawAll(); });

  document.querySelectorAll("[role=tablist]").forEach((list) => {
    const tabs = [...list.querySelectorAll("[role=tab]")];
    function select(tab, focus) {
      tabs.forEach((one) => {
        const on = one === tab;
        one.setAttribute("aria-selected", String(on));
        one.tabIndex = on ? 0 : -1;
        document.getElementById(one.getAttribute("aria-controls")).hidden = !on;
      });
      if (focus) tab.focus();
    }
    tabs.forEach((tab, place) => {
      tab.addEventListener("click", () => select(tab, false));
      tab.addEventListener("keydown", (event) => {
        const next = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: tabs.length - 1 }[event.key];
        if (next === undefined) return;
        event.preventDefault();
        select(tabs[(next + tabs.length) % tabs.length], true);
      });
    });
    select(tabs.find((tab) => tab.getAttribute("aria-selected") === "true") || tabs[0], false);
  });
})();
