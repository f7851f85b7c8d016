// The page: what the person does, and what follows from it.

const data = JSON.parse(document.getElementById("data").textContent)
const $ = (id) => document.getElementById(id)
const n = data.ids.length
const framed = window.parent !== window && location.protocol.startsWith("http")
const dark = window.matchMedia("(prefers-color-scheme: dark)")
const narrow = window.matchMedia("(max-width: 54rem)")
const sheet = window.matchMedia("(max-width: 34rem)")

const view = new View($("map"), $("over"), data)
const player = new Player(data, {
  onstart: (i, waited, length) => {
    view.playing = { i, from: performance.now(), length }
    view.nudge()
    document.dispatchEvent(new CustomEvent("earshot:playing", { detail: { id: data.ids[i], waited_ms: waited } }))
  },
  onstop: () => {
    view.playing = null
    view.nudge()
  },
  onlocked: (locked) => {
    hint(locked ? "Click the map once to hear it" : "")
  },
})

let look = null
let lit = new Set() // entries of the legend that are looked at alone
let found = null // sounds that the search found; null while nothing is searched
let chosen = []
let words = null
const texts = data.names.map((name, i) => fold(`${name} ${data.captions[i]} ${data.domains[i]} ${group(i)}`))

function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
}

function group(i) {
  return data.clusters.length && data.clusters[i] ? numbered(data, data.clusters[i]) : ""
}

function hint(text) {
  $("hint").textContent = text
  $("hint").hidden = !text
}

const tell = (text) => { $("told").textContent = text }

// What the page around this one may want to know; it is of the same origin, or is told nothing.
function post(kind, more) {
  if (framed) window.parent.postMessage({ earshot: kind, ...more }, location.origin)
}

// Colours

const choices = [
  ...(data.clusters.length ? [["cluster", "Group", byCluster]] : []),
  ...(data.domains.some(Boolean) ? [["domain", "Domain", byDomain]] : []),
  ...Object.keys(data.descriptors).filter((key) => data.descriptors[key].some((value) => value !== null)).map((key) => [key, named(key)[0], (all) => byDescriptor(all, key)]),
]

function theme() {
  const style = getComputedStyle(document.documentElement)
  const of = (name) => style.getPropertyValue(`--${name}`).trim()
  const hues = data.looks.hues[document.documentElement.dataset.theme]
  return Object.fromEntries([["hues", hues], ...["ink", "soft", "ground", "halo", "edge", "accent", "veil", "line"].map((name) => [name, of(name)])])
}

function colour(key) {
  const choice = choices.find(([name]) => name === key) || choices[0] || ["plain", "", () => ({ kind: "domain", styles: [{ hue: 0, shape: "o" }], of: data.ids.map(() => 0), entries: [{ title: "sounds", size: n }] })]
  look = choice[2](data)
  lit = new Set()
  $("colour").value = choice[0]
  repaint()
}

function repaint() {
  view.setColours(look, theme())
  light()
}

function setTheme(name) {
  document.documentElement.dataset.theme = name
  repaint()
}

// What stands out: what was searched, and what is chosen in the legend

function light() {
  const bright = found || lit.size ? new Uint8Array(n) : null
  if (bright) for (const i of found || bright.keys()) bright[i] = !lit.size || lit.has(look.of[i]) ? 1 : 0
  view.bright = bright
  view.groups = bright && new Set(data.clusters.filter((_, i) => bright[i]))
  view.changed()
  drawLegend($("legend"), look, view.colours, lit, { toggle, clear: () => toggle(null) })
  drawPicked($("picked"), data, chosen, { go, clear: () => pick([]), look, colours: view.colours, common: chosen.length ? common() : [] })
}

function toggle(entry) {
  if (entry === null) lit.clear()
  else if (!lit.delete(entry)) lit.add(entry)
  light()
}

function search() {
  const asked = fold($("search").value).split(/\s+/).filter(Boolean)
  found = asked.length ? [...texts.keys()].filter((i) => asked.every((word) => texts[i].includes(word))) : null
  $("found").textContent = found ? found.length.toLocaleString("en") : ""
  drawResults($("results"), data, found || [], asked.length > 0, { go, clear: clearSearch, zoom: toFound, pick: () => pick(found) })
  light()
  if (found) tell(`${plural(found.length, "sound")} found`)
}

function clearSearch() {
  $("search").value = ""
  search()
}

function toFound() {
  if (!found || !found.length) return
  const only = new Uint8Array(n)
  found.forEach((i) => { only[i] = 1 })
  view.fit(view.bounds(only))
}

// Sounds that are chosen

const common = () => (words = words || new Words(data)).common(chosen)

function pick(sounds, drawn = false) {
  chosen = sounds
  if (!drawn || !sounds.length) view.drawn = []
  light()
  if (sounds.length) open(true)
  tell(sounds.length ? `${plural(sounds.length, "sound")} selected: ${common().slice(0, 5).join(", ")}` : "Nothing is selected")
  post("selection", { ids: sounds.map((i) => data.ids[i]) })
}

function pin(i) {
  view.pinned = i
  view.nudge()
  drawPinned($("pinned"), data, i, { go, group, close: () => pin(-1) })
  if (i >= 0) open(true)
  const [, py] = i < 0 ? [] : view.screen(i)
  if (i >= 0 && sheet.matches && py > 0.45 * view.height) view.move(0, 0.3 * view.height - py) // the sheet would cover it
  if (i >= 0) tell(`${data.names[i]}. ${data.captions[i]}`)
  post("pinned", i < 0 ? { id: null } : { id: data.ids[i], name: data.names[i] })
}

// A sound out of a list: heard, and brought into sight.
function go(i, since) {
  const [px, py] = view.screen(i)
  if (px < 20 || py < 20 || px > view.width - 20 || py > view.height - 20) view.move(view.width / 2 - px, view.height / 2 - py)
  pin(i)
  player.play(i, since, true)
}

// The pointer

function point(i, px, py, since) {
  if (i === view.hover) return i >= 0 && tip(i, px, py)
  view.hover = i
  view.nudge()
  tip(i, px, py)
  $("map").style.cursor = i < 0 ? "" : "pointer"
  if (i < 0) return player.stop()
  player.play(i, since)
  player.prepare(view.near(px, py, 40, 6))
}

function tip(i, px, py) {
  const box = $("tip")
  box.hidden = i < 0
  if (i < 0) return
  const [name, caption, facts] = box.children
  name.textContent = data.names[i]
  caption.textContent = data.captions[i]
  facts.textContent = [group(i) || data.domains[i], seconds(data.durations_s[i])].filter(Boolean).join(" · ")
  const [width, height] = [box.offsetWidth, box.offsetHeight]
  const x = px + 16 + width > view.width ? Math.max(4, px - 16 - width) : px + 16
  const y = py + 18 + height > view.height ? Math.max(4, py - 14 - height) : py + 18
  box.style.transform = `translate(${x}px, ${y}px)`
}

const down = new Map() // pointers that are pressed
let began = null // where a press began: {px, py, moved, lasso}
let engaged = !framed // in a chat the wheel scrolls the chat, until the map was clicked

const at = (event) => [event.offsetX, event.offsetY]
const spread = () => { const [a, b] = [...down.values()]; return [Math.hypot(a[0] - b[0], a[1] - b[1]), (a[0] + b[0]) / 2, (a[1] + b[1]) / 2] }

function listenToPointer(canvas) {
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return
    canvas.setPointerCapture(event.pointerId)
    down.set(event.pointerId, at(event))
    engaged = true
    const lasso = event.shiftKey || $("lasso").getAttribute("aria-pressed") === "true"
    began = down.size === 1 ? { px: event.offsetX, py: event.offsetY, moved: false, lasso } : { ...began, lasso: false, moved: true }
    view.lasso = lasso && down.size === 1 ? [at(event)] : []
  })
  canvas.addEventListener("pointermove", (event) => {
    const [px, py] = at(event)
    if (!down.has(event.pointerId)) return point(view.near(px, py)[0] ?? -1, px, py, event.timeStamp)
    const before = down.get(event.pointerId)
    const pinch = down.size === 2 && spread()
    down.set(event.pointerId, [px, py])
    if (pinch) {
      const [now, cx, cy] = spread()
      view.zoomAt(now / Math.max(1, pinch[0]), cx, cy)
      return view.move(cx - pinch[1], cy - pinch[2])
    }
    if (!began.moved && Math.hypot(px - began.px, py - began.py) < 4) return
    began.moved = true
    point(-1)
    if (!began.lasso) return view.move(px - before[0], py - before[1])
    view.lasso.push([px, py])
    view.nudge()
  })
  const release = (event) => {
    if (!down.delete(event.pointerId) || down.size) return
    if (began.lasso && began.moved) {
      pick(view.inside(view.lasso), true)
      $("lasso").setAttribute("aria-pressed", "false")
    } else if (!began.moved && event.type === "pointerup") {
      const i = view.near(...at(event), event.pointerType === "touch" ? 24 : undefined)[0] ?? -1
      pin(i)
      if (i >= 0 && !(view.playing && view.playing.i === i)) player.play(i, event.timeStamp, true)
    }
    view.lasso = []
    view.nudge()
  }
  canvas.addEventListener("pointerup", release)
  canvas.addEventListener("pointercancel", release)
  canvas.addEventListener("pointerleave", (event) => {
    point(-1)
    if (event.pointerType === "mouse" && framed) engaged = false
  })
  canvas.addEventListener("dblclick", (event) => view.zoomAt(event.shiftKey ? 0.5 : 2, ...at(event)))
  canvas.addEventListener("wheel", (event) => {
    if (!engaged && !event.ctrlKey) return hint("Click the map to zoom it with the wheel")
    event.preventDefault()
    const step = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY
    point(-1)
    view.zoomAt(Math.exp(-Math.max(-240, Math.min(240, step)) * (event.ctrlKey ? 0.01 : 0.0018)), ...at(event))
  }, { passive: false })
}

// The keyboard

const STEPS = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] }

function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const typing = event.target.matches("input[type=search], select, input[type=range]")
    if (event.key === "Escape") return escape()
    if (event.target.id === "search" && event.key === "Enter") return toFound()
    if (typing) return
    if (event.key === "/") return event.preventDefault(), $("search").focus()
    if (event.key === "m" || event.key === "M") return mute()
    if (event.key === "+" || event.key === "=") return view.zoomAt(1.4)
    if (event.key === "-") return view.zoomAt(1 / 1.4)
    if (event.key === "0") return view.fit()
    if (event.target !== $("map")) return
    if (event.key in STEPS) return event.preventDefault(), view.move(...STEPS[event.key])
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault()
      const i = view.near(view.width / 2, view.height / 2, view.width)[0] ?? -1
      pin(i)
      if (i >= 0) player.play(i, event.timeStamp, true)
    }
  })
}

function escape() {
  if (view.lasso.length) view.lasso = []
  else if ($("search").value) clearSearch()
  else if (chosen.length) pick([])
  else if (view.pinned >= 0) pin(-1)
  else if (lit.size) toggle(null)
  $("lasso").setAttribute("aria-pressed", "false")
  player.stop()
}

// The bar

function mute() {
  const off = !player.muted
  player.setMuted(off)
  $("mute").setAttribute("aria-pressed", String(!off))
  $("mute").querySelector("use").setAttribute("href", off ? "#i-mute" : "#i-sound")
}

function open(yes) {
  if (!narrow.matches) return
  document.body.classList.toggle("open", yes)
  $("drawer").setAttribute("aria-expanded", String(yes))
}

function listenToBar() {
  $("colour").append(...choices.map(([key, title]) => make("option", { value: key }, title)))
  $("by").hidden = choices.length < 2
  $("colour").addEventListener("change", () => colour($("colour").value))
  $("search").addEventListener("input", search)
  $("lasso").addEventListener("click", () => $("lasso").setAttribute("aria-pressed", String($("lasso").getAttribute("aria-pressed") !== "true")))
  $("mute").addEventListener("click", mute)
  $("volume").addEventListener("input", () => {
    player.setVolume($("volume").value / 100)
    if (player.muted) mute()
  })
  $("level").hidden = player.silent
  $("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"))
  $("drawer").addEventListener("click", () => open(!document.body.classList.contains("open")))
  $("in").addEventListener("click", () => view.zoomAt(1.6))
  $("out").addEventListener("click", () => view.zoomAt(1 / 1.6))
  $("all").addEventListener("click", () => view.fit())
  $("source").textContent = data.note
}

// Beginning

for (const kind of ["pointerdown", "keydown"]) {
  document.addEventListener(kind, () => {
    player.unlock()
    hint("")
  }, { capture: true })
}
window.addEventListener("message", (event) => {
  if (!framed || event.origin !== location.origin || event.source !== window.parent) return
  if (event.data && event.data.earshot === "theme") setTheme(event.data.dark ? "dark" : "light")
})
dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"))
new ResizeObserver(() => view.resize()).observe($("stage"))
document.documentElement.classList.toggle("framed", framed)
document.documentElement.dataset.theme = dark.matches ? "dark" : "light"
listenToPointer($("map"))
listenToKeys()
listenToBar()
colour(data.colour)
view.resize()
if (!player.silent && !player.unlocked) hint("Click the map once to hear it")
post("ready", { n })
