// The panel: legend, what was searched, drawn around or chosen. Every text goes in as text.

const STOP = new Set("a an and are as at by for from in into is it its no not of off on or out over some than that the then there this to two up very was with perhaps maybe possibly heard wav mp3 flac ogg opus aif aiff m4a mp4 webm sound sounds".split(" "))
const LISTED = 20
const WORDS = 12

// An element with attributes and children; a child that is a string is text and nothing else.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value)
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value)
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false))
  return element
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use")
  use.setAttribute("href", `#i-${name}`)
  svg.append(use)
  return svg
}

function mark(style, colours) {
  const [size, dpr] = [16, window.devicePixelRatio || 1]
  const canvas = make("canvas", { width: size * dpr, height: size * dpr, "aria-hidden": "true", class: "mark" })
  const pen = canvas.getContext("2d")
  pen.scale(dpr, dpr)
  stamp(pen, style, size / 2, size / 2, 5, colours)
  return canvas
}

function head(title, onclose) {
  return make("header", {}, make("h2", {}, title), onclose && make("button", { type: "button", "aria-label": `Close: ${title}`, title: "Close (Esc)", onclick: onclose }, icon("close")))
}

// Sounds by name, to hear and to go to.
function listed(data, sounds, go) {
  const rows = sounds.slice(0, LISTED).map((i) =>
    make("li", {}, make("button", { type: "button", class: "row", title: data.captions[i], "aria-label": `Play ${data.names[i]}`, onclick: (event) => go(i, event.timeStamp) }, icon("play"), make("span", {}, data.names[i]), make("small", {}, seconds(data.durations_s[i])))))
  const more = sounds.length - rows.length
  return make("div", {}, make("ul", { class: "rows" }, ...rows), more > 0 && make("p", { class: "more" }, `and ${more.toLocaleString("en")} more`))
}

function drawLegend(section, look, colours, lit, { toggle, clear }) {
  if (look.kind === "descriptor") {
    const bar = make("div", { class: "scale", "aria-hidden": "true" })
    bar.style.background = `linear-gradient(90deg, ${SCALE.join(", ")})`
    const ends = make("div", { class: "ends" }, ...look.told.map((text) => make("span", {}, text)))
    const lack = look.without > 0 && make("p", { class: "more" }, mark({ hue: NONE, shape: "o" }, colours), ` ${plural(look.without, "sound")} without`)
    return section.replaceChildren(head(look.title), bar, ends, lack || "")
  }
  const rows = look.entries.map((entry, k) =>
    make("li", {}, make("button", { type: "button", class: "row", "aria-pressed": String(lit.has(k)), title: `Show only: ${entry.title}`, onclick: () => toggle(k) }, mark(look.styles[k], colours), make("span", {}, entry.title), make("small", {}, entry.size.toLocaleString("en")))))
  section.replaceChildren(head(look.kind === "cluster" ? plural(look.entries.filter((entry) => entry.number).length, "group") : "Domains", lit.size ? clear : null), make("ul", { class: "rows" }, ...rows))
}

function drawPinned(section, data, i, { go, close, group }) {
  section.hidden = i < 0
  if (i < 0) return
  const facts = [["Length", seconds(data.durations_s[i])], ["Domain", data.domains[i]], ["Group", group(i)]]
  for (const [key, values] of Object.entries(data.descriptors)) {
    const [title, unit] = named(key)
    if (key !== "duration_s" && values[i] !== null) facts.push([title, measured(values[i], unit)])
  }
  if (data.placed[i]) facts.push(["Place", "added to the map later"])
  section.replaceChildren(
    head(data.names[i], close),
    make("p", {}, data.captions[i]),
    make("button", { type: "button", class: "wide", onclick: (event) => go(i, event.timeStamp) }, icon("play"), data.sounds.how === "embed" ? "Play its loudest part" : "Play"),
    make("dl", {}, ...facts.filter(([, value]) => value).map(([label, value]) => make("div", {}, make("dt", {}, label), make("dd", {}, value))), make("div", {}, make("dt", {}, "Sound"), make("dd", {}, String(data.ids[i])))),
  )
}

function drawResults(section, data, found, wanted, { go, clear, pick, zoom }) {
  section.hidden = !wanted
  if (!wanted) return
  const actions = found.length ? make("p", { class: "acts" }, make("button", { type: "button", onclick: zoom }, "Zoom to them"), make("button", { type: "button", onclick: pick }, "Select them")) : make("p", { class: "more" }, "No name, caption or group has all of these words.")
  section.replaceChildren(head(`${plural(found.length, "sound")} found`, clear), actions, listed(data, found, go))
}

function drawPicked(section, data, chosen, { go, clear, look, colours, common }) {
  section.hidden = !chosen.length
  if (!chosen.length) return
  const total = chosen.reduce((sum, i) => sum + data.durations_s[i], 0)
  const groups = look.kind === "descriptor" ? [] : tally(chosen.map((i) => look.of[i])).slice(0, 5)
  section.replaceChildren(
    head(`${plural(chosen.length, "sound")} selected`, clear),
    make("p", { class: "more" }, `${seconds(total)} of sound`),
    make("ul", { class: "shares" }, ...groups.map(([k, n]) => {
      const bar = make("i", {})
      bar.style.width = `${(100 * n) / chosen.length}%`
      return make("li", {}, mark(look.styles[k], colours), make("span", {}, look.entries[k].title), make("small", {}, n.toLocaleString("en")), bar)
    })),
    make("p", { class: "words", "aria-label": "Most common words" }, ...common.map((word) => make("span", {}, word))),
    make("p", { class: "acts" }, make("button", { type: "button", onclick: (event) => copy(chosen.map((i) => data.ids[i]).join(" "), event.currentTarget) }, "Copy their numbers")),
    listed(data, chosen, go),
  )
}

function copy(text, button) {
  const done = (word) => { button.textContent = word }
  if (!navigator.clipboard) return done("Not allowed here")
  navigator.clipboard.writeText(text).then(() => done("Copied"), () => done("Not allowed here"))
}

function tally(values) {
  const counts = new Map()
  values.forEach((value) => counts.set(value, (counts.get(value) || 0) + 1))
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
}

// The words of each sound, and how many sounds have a word.
class Words {
  constructor(data) {
    this.of = data.names.map((name, i) => new Set((`${name} ${data.captions[i]}`.toLowerCase().match(/\p{L}{3,}/gu) || []).filter((word) => !STOP.has(word))))
    this.counts = new Map(tally(this.of.flatMap((words) => [...words])))
  }

  // The words that many of the chosen have, and more of them than of the rest.
  common(chosen) {
    const here = tally(chosen.flatMap((i) => [...this.of[i]]))
    const lift = ([word, n]) => n * Math.log(1.2 + n / chosen.length / (this.counts.get(word) / this.of.length))
    return here.filter(([, n]) => n >= Math.min(2, chosen.length)).sort((a, b) => lift(b) - lift(a)).slice(0, WORDS).map(([word]) => word)
  }
}
