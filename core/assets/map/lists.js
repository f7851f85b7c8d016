// The panel: legend, what was searched, drawn around or chosen. Every text goes in as text.

// Words that say nothing of what sounds: of grammar, of measuring and counting, of files. Of the words under four letters
// those that may be a sound's own.
const STOP = new Set([
  "about above after again another around away back been before behind below being between both could does down during each every from have heard here into just like made make makes many maybe more most much near nearby once only other over perhaps possibly quite rather several some someone something somewhere such than that their them then there these they this those through times together twice under upon very were what when where which while with within without would your",
  "beats centred decibels hertz length minute minutes onset onsets second seconds series",
  "three four five seven eight nine eleven twelve",
  "aiff audio file final flac opus recorded recording sound sounds take untitled webm",
].join(" ").split(" "))
const SHORT = new Set("air amp ape arp axe bat bee boo bus can car cat cow cry cup dog dry fan fly fog fox gas gun hat hen hit hot hum ice jet key kid low man oud owl pad pan pig pin pop ram rap rat rub sax saw sea sob sub tap tom toy tub van wet zap zip".split(" "))
const LISTED = 20
const MORE = 1000 // rows that one press on "more" adds
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

// Sounds by name, to hear and to go to: the first of them, and a button for the rest.
function listed(data, sounds, go) {
  const row = (i) => make("li", {}, make("button", { type: "button", class: "row", title: data.captions[i], "aria-label": `Play ${data.names[i]}`, onclick: (event) => go(i, event.timeStamp) }, icon("play"), make("span", {}, data.names[i]), make("small", {}, seconds(data.durations_s[i]))))
  const rows = make("ul", { class: "rows" })
  const more = make("button", { type: "button", class: "more", onclick: () => extend(MORE).querySelector("button").focus() })
  const extend = (n) => {
    const next = sounds.slice(rows.children.length, rows.children.length + n).map(row)
    rows.append(...next)
    const left = sounds.length - rows.children.length
    more.hidden = !left
    more.textContent = `and ${left.toLocaleString("en")} more`
    return next[0]
  }
  extend(LISTED)
  return make("div", {}, rows, more)
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
    this.of = data.names.map((name, i) => new Set((`${name} ${data.captions[i]}`.toLowerCase().match(/\p{L}{3,}/gu) || []).filter((word) => (word.length > 3 ? !STOP.has(word) : SHORT.has(word)))))
    this.counts = new Map(tally(this.of.flatMap((words) => [...words])))
  }

  // The words that many of the chosen have, and more of them than of the rest.
  common(chosen) {
    const here = tally(chosen.flatMap((i) => [...this.of[i]]))
    const lift = ([word, n]) => n * Math.log(1.2 + n / chosen.length / (this.counts.get(word) / this.of.length))
    return here.filter(([, n]) => n >= Math.min(2, chosen.length)).sort((a, b) => lift(b) - lift(a)).slice(0, WORDS).map(([word]) => word)
  }
}
