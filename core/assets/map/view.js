// The map on its canvas: where it stands, what is near a place, how it is drawn. Knows nothing of sound and of panels.

const NEAR = 14 // pixels around the pointer in which a sound is found
const CELLS = 4 // sounds in a cell of the grid, on average
const NAMES_BELOW = 90 // sounds in sight: then each shows its name
const MAX_ZOOM = 400

// Sounds by the cell of a square grid that they lie in.
class Grid {
  constructor(x, y) {
    this.x = x
    this.y = y
    this.n = Math.max(1, Math.min(512, Math.ceil(Math.sqrt(x.length / CELLS))))
    const counts = new Uint32Array(this.n * this.n + 1)
    for (let i = 0; i < x.length; i += 1) counts[this.cell(x[i], y[i]) + 1] += 1
    for (let c = 0; c < this.n * this.n; c += 1) counts[c + 1] += counts[c]
    this.starts = counts.slice()
    this.held = new Uint32Array(x.length)
    for (let i = 0; i < x.length; i += 1) this.held[counts[this.cell(x[i], y[i])]++] = i
  }

  at(value) {
    return Math.max(0, Math.min(this.n - 1, Math.floor(value * this.n)))
  }

  cell(x, y) {
    return this.at(y) * this.n + this.at(x)
  }

  // Calls visit(i, squared distance) for all within a distance of a place.
  around(x, y, reach, visit) {
    for (let row = this.at(y - reach); row <= this.at(y + reach); row += 1) {
      for (let column = this.at(x - reach); column <= this.at(x + reach); column += 1) {
        const cell = row * this.n + column
        for (let k = this.starts[cell]; k < this.starts[cell + 1]; k += 1) {
          const i = this.held[k]
          const d = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2
          if (d <= reach * reach) visit(i, d)
        }
      }
    }
  }
}

class View {
  constructor(canvas, over, data) {
    Object.assign(this, { canvas, over, data, pen: canvas.getContext("2d", { alpha: false }), lens: over.getContext("2d") })
    this.x = Float32Array.from(data.x)
    this.y = Float32Array.from(data.y, (y) => 1 - y) // down, as on a screen
    this.grid = new Grid(this.x, this.y)
    this.bright = this.groups = null // Uint8Array of what is not dimmed, Set of the groups that have some; null: all
    this.hover = this.pinned = -1
    this.lasso = [] // on the screen, while it is drawn
    this.drawn = [] // on the map, for as long as it holds what is selected
    this.order = this.shuffled()
    this.box = this.bounds()
    this.home = this.bulk()
    this.fitted = true
  }

  // In a fixed disorder: drawn group by group, the last would cover the others.
  shuffled() {
    const keys = Float64Array.from(this.x, (_, i) => Math.imul(i + 1, 2654435761) >>> 0)
    return Uint32Array.from(keys.keys()).sort((a, b) => keys[a] - keys[b])
  }

  bounds(only) {
    let [left, top, right, bottom] = [1, 1, 0, 0]
    for (let i = 0; i < this.x.length; i += 1) {
      if (only && !only[i]) continue
      left = Math.min(left, this.x[i])
      right = Math.max(right, this.x[i])
      top = Math.min(top, this.y[i])
      bottom = Math.max(bottom, this.y[i])
    }
    return left > right ? [0, 0, 1, 1] : [left, top, right, bottom]
  }

  // Where nearly all of them are: one sound far off would make the rest small. All of it, if that is not much more.
  bulk() {
    const sides = (values) => {
      const sorted = values.slice().sort()
      const at = (share) => sorted[Math.round(share * (sorted.length - 1))]
      const [low, high] = [at(0.01), at(0.99)]
      return [low - 0.03 * (high - low), high + 0.03 * (high - low)]
    }
    const [[left, right], [top, bottom]] = [sides(this.x), sides(this.y)]
    const [l, t, r, b] = this.box
    return (right - left) * (bottom - top) > 0.8 * (r - l) * (b - t) ? this.box : [left, top, right, bottom]
  }

  resize() {
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight]
    const dpr = window.devicePixelRatio || 1
    if (!width || !height || (width === this.width && height === this.height && dpr === this.dpr)) return
    Object.assign(this, { width, height, dpr })
    for (const canvas of [this.canvas, this.over]) {
      canvas.width = Math.round(width * dpr)
      canvas.height = Math.round(height * dpr)
    }
    if (this.fitted) this.fit(this.home)
    this.changed()
  }

  // Shows a part of the map, all of it if none is given: [left, top, right, bottom] of the unit square.
  fit(box = this.box) {
    const margin = Math.min(56, 0.09 * Math.min(this.width, this.height))
    const [left, top, right, bottom] = box
    const scale = Math.min((this.width - 2 * margin) / Math.max(right - left, 1e-3), (this.height - 2 * margin) / Math.max(bottom - top, 1e-3))
    if (box === this.home) this.whole = scale
    this.scale = Math.min(scale, this.whole * MAX_ZOOM)
    this.dx = this.width / 2 - (this.scale * (left + right)) / 2
    this.dy = this.height / 2 - (this.scale * (top + bottom)) / 2
    this.fitted = box === this.home
    this.changed()
  }

  get zoom() {
    return this.scale / this.whole
  }

  zoomAt(factor, px = this.width / 2, py = this.height / 2) {
    const scale = Math.max(this.whole * 0.4, Math.min(this.whole * MAX_ZOOM, this.scale * factor))
    this.dx = px - ((px - this.dx) * scale) / this.scale
    this.dy = py - ((py - this.dy) * scale) / this.scale
    this.scale = scale
    this.fitted = false
    this.changed()
  }

  move(dx, dy) {
    const [left, top, right, bottom] = this.box // some of the map always stays in sight
    this.dx = Math.max(40 - right * this.scale, Math.min(this.width - 40 - left * this.scale, this.dx + dx))
    this.dy = Math.max(40 - bottom * this.scale, Math.min(this.height - 40 - top * this.scale, this.dy + dy))
    this.fitted = false
    this.changed()
  }

  screen(i) {
    return [this.x[i] * this.scale + this.dx, this.y[i] * this.scale + this.dy]
  }

  // The sounds near a place on the screen, the nearest first, at most `most`; dimmed ones are not found.
  near(px, py, reach = NEAR, most = 1) {
    const found = []
    this.grid.around((px - this.dx) / this.scale, (py - this.dy) / this.scale, reach / this.scale, (i, d) => {
      if (!this.bright || this.bright[i]) found.push([d, i])
    })
    return found.sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, most).map(([, i]) => i)
  }

  // The sounds inside of the lasso that are not dimmed.
  inside(line) {
    const path = line.map(([px, py]) => [(px - this.dx) / this.scale, (py - this.dy) / this.scale])
    this.drawn = path
    const found = []
    for (let i = 0; i < this.x.length; i += 1) {
      if (this.bright && !this.bright[i]) continue
      let within = false
      for (let a = 0, b = path.length - 1; a < path.length; b = a, a += 1) {
        const [[ax, ay], [bx, by]] = [path[a], path[b]]
        if (ay > this.y[i] !== by > this.y[i] && this.x[i] < ((bx - ax) * (this.y[i] - ay)) / (by - ay) + ax) within = !within
      }
      if (within) found.push(i)
    }
    return found
  }

  setColours(look, colours) {
    Object.assign(this, { look, colours, sprites: null })
    this.titles = this.titles || this.labels()
    this.changed()
  }

  labels() {
    const found = [...middles(this.data)].map(([number, { x, y, size }]) => ({ number, size, x, y: 1 - y, lines: wrapped(numbered(this.data, number, "\u2002")) }))
    return found.sort((a, b) => b.size - a.size)
  }

  changed() {
    this.stale = true
    this.nudge()
  }

  // One drawing for each frame, however much happened in it.
  nudge() {
    if (this.asked) return
    this.asked = true
    requestAnimationFrame(() => {
      this.asked = false
      if (!this.width || !this.look) return
      if (this.stale) this.draw()
      this.stale = false
      this.drawOver()
    })
  }

  get radius() {
    const n = this.x.length
    const base = Math.max(2.1, Math.min(6, 19 * n ** -0.22)) * Math.min(1, 0.55 + Math.min(this.width, this.height) / 1500)
    return Math.min(10, base * Math.max(0.8, this.zoom) ** 0.3)
  }

  // Every style once, bright and dim, to be copied from.
  stamps(r) {
    if (this.sprites && this.sprites.r === r) return this.sprites
    const size = 2 * Math.ceil(1.5 * r * this.dpr) + 2
    const sheet = new OffscreenCanvas(size * this.look.styles.length, size * 2)
    const pen = sheet.getContext("2d")
    this.look.styles.forEach((style, k) => {
      for (const row of [0, 1]) {
        pen.globalAlpha = !row && style.hue === NONE ? 0.7 : 0.94
        const [x, y] = [size * (k + 0.5), size * (row + 0.5)]
        if (!row) stamp(pen, style, x, y, r * this.dpr, this.colours)
        else {
          trace(pen, style.shape, x, y, 0.8 * r * this.dpr)
          pen.fillStyle = this.colours.line // one flat colour: a hue that shines through would add up in a crowd
          pen.fill()
        }
      }
    })
    this.sprites = { r, size, sheet: sheet.transferToImageBitmap() }
    return this.sprites
  }

  draw() {
    const { pen, dpr, look } = this
    const r = Math.round(this.radius * 4) / 4
    const { size, sheet } = this.stamps(r)
    pen.setTransform(1, 0, 0, 1, 0, 0)
    pen.globalAlpha = 1
    pen.fillStyle = this.colours.ground
    pen.fillRect(0, 0, this.canvas.width, this.canvas.height)
    const [scale, dx, dy, half] = [this.scale * dpr, this.dx * dpr - size / 2, this.dy * dpr - size / 2, size]
    const [right, bottom] = [this.canvas.width, this.canvas.height]
    const seen = []
    const plain = look.styles.findIndex((style) => style.hue === NONE)
    const paint = (wanted) => {
      for (const i of this.order) {
        const dim = this.bright && !this.bright[i]
        const layer = dim ? 0 : look.of[i] === plain ? 1 : 2 // the grey ones never cover the coloured
        if (layer !== wanted) continue
        const px = (this.x[i] * scale + dx) | 0
        const py = (this.y[i] * scale + dy) | 0
        if (px < -half || py < -half || px > right || py > bottom) continue
        pen.drawImage(sheet, look.of[i] * size, dim ? size : 0, size, size, px, py, size, size)
        if (!dim && seen.length <= NAMES_BELOW) seen.push(i)
      }
    }
    if (this.bright) paint(0)
    if (plain >= 0) paint(1)
    paint(2)
    pen.setTransform(dpr, 0, 0, dpr, 0, 0)
    const taken = []
    this.drawTitles(pen, taken)
    if (this.zoom > 2 && seen.length <= NAMES_BELOW) this.drawNames(pen, seen, r, taken)
  }

  drawTitles(pen, taken) {
    const fade = this.zoom < 4 ? 1 : Math.max(0, 1 - (this.zoom - 4) / 8) // closer, the names of sounds take over
    if (!fade) return
    const small = Math.min(this.width, this.height) < 480
    pen.textAlign = "center"
    pen.textBaseline = "middle"
    pen.lineJoin = "round"
    for (const label of this.titles) {
      const [px, py] = [label.x * this.scale + this.dx, label.y * this.scale + this.dy]
      if (px < -80 || py < -20 || px > this.width + 80 || py > this.height + 20) continue
      const points = (small ? 11 : 12.5) + (small ? 2 : 3) * Math.min(1, label.size / (0.12 * this.x.length))
      pen.font = `600 ${points}px ${FONT}`
      const width = Math.max(...label.lines.map((line) => pen.measureText(line).width)) + 10
      const height = label.lines.length * points * 1.18 + 4
      const free = this.roomFor(label, px, py, width, height, taken)
      if (!free) continue // it comes when the map is enlarged
      taken.push(free)
      pen.globalAlpha = fade * (this.groups && !this.groups.has(label.number) ? 0.2 : 1)
      label.lines.forEach((line, k) => {
        const y = (free[1] + free[3]) / 2 + (k - (label.lines.length - 1) / 2) * points * 1.18
        const x = (free[0] + free[2]) / 2
        pen.lineWidth = 4.5
        pen.strokeStyle = this.colours.halo
        pen.strokeText(line, x, y)
        pen.fillStyle = this.colours.ink
        pen.fillText(line, x, y)
      })
    }
    pen.globalAlpha = 1
  }

  // Near the middle of its group where no other title is, and where it covers few sounds of a small one.
  roomFor(label, px, py, width, height, taken) {
    let [best, least] = [null, Infinity]
    for (const step of [0, -1, 1, -1.5, 1.5, -2, 2]) {
      const box = place(px, py + step * (height / 2 + 5), width, height, this)
      if (taken.some((other) => overlap(box, other))) continue
      const cost = 15 * Math.abs(step) + (label.size < 400 ? (100 * this.covered(box)) / label.size : 0)
      if (cost < least) [best, least] = [box, cost]
    }
    return best
  }

  covered([left, top, right, bottom]) {
    let n = 0
    const [x, y] = [((left + right) / 2 - this.dx) / this.scale, ((top + bottom) / 2 - this.dy) / this.scale]
    const [w, h] = [(right - left) / 2 / this.scale, (bottom - top) / 2 / this.scale]
    this.grid.around(x, y, w, (i) => { if (Math.abs(this.y[i] - y) < h) n += 1 })
    return n
  }

  drawNames(pen, seen, r, taken) {
    pen.font = `500 11.5px ${FONT}`
    pen.textAlign = "left"
    for (const i of seen) {
      const [px, py] = this.screen(i)
      const name = this.data.names[i].length > 34 ? `${this.data.names[i].slice(0, 33)}…` : this.data.names[i]
      const box = [px + r + 3, py - 8, px + r + 7 + pen.measureText(name).width, py + 8]
      if (taken.some((other) => overlap(box, other))) continue
      taken.push(box)
      pen.lineWidth = 3.5
      pen.strokeStyle = this.colours.halo
      pen.strokeText(name, box[0] + 2, py + 0.5)
      pen.fillStyle = this.colours.soft
      pen.fillText(name, box[0] + 2, py + 0.5)
    }
  }

  drawOver() {
    const { lens, dpr } = this
    lens.setTransform(dpr, 0, 0, dpr, 0, 0)
    lens.clearRect(0, 0, this.width, this.height)
    if (this.pinned >= 0) this.ring(this.pinned, 2, 7)
    if (this.hover >= 0 && this.hover !== this.pinned) this.ring(this.hover, 2, 5)
    if (this.playing) this.arc()
    const line = this.lasso.length ? this.lasso : this.drawn.map(([x, y]) => [x * this.scale + this.dx, y * this.scale + this.dy])
    if (line.length > 1) {
      lens.beginPath()
      line.forEach(([px, py]) => lens.lineTo(px, py))
      lens.closePath()
      lens.fillStyle = this.colours.veil
      lens.fill()
      lens.setLineDash([6, 4])
      lens.lineWidth = 1.5
      lens.strokeStyle = this.colours.accent
      lens.stroke()
      lens.setLineDash([])
    }
  }

  ring(i, width, gap) {
    const [px, py] = this.screen(i)
    const r = Math.max(4, this.radius)
    this.lens.lineWidth = width
    this.lens.strokeStyle = this.colours.ink
    stamp(this.lens, this.look.styles[this.look.of[i]], px, py, r * 1.25, this.colours)
    this.lens.lineWidth = width
    this.lens.strokeStyle = this.colours.ink
    this.lens.beginPath()
    this.lens.arc(px, py, r + gap, 0, 7)
    this.lens.stroke()
  }

  // How far the sound that plays has come, around its mark.
  arc() {
    const { i, from, length } = this.playing
    const share = Math.min(1, (performance.now() - from) / 1000 / (length || 1))
    const [px, py] = this.screen(i)
    this.lens.beginPath()
    this.lens.lineWidth = 3.5
    this.lens.lineCap = "round"
    this.lens.strokeStyle = this.colours.accent
    this.lens.arc(px, py, Math.max(4, this.radius) + (i === this.pinned ? 7 : 5), -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * share)
    this.lens.stroke()
    if (share < 1) this.nudge()
  }
}

const FONT = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', Cantarell, sans-serif"

const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]

// A box around a place, inside of the view where it can be.
function place(px, py, width, height, view) {
  const x = px < 0 || px > view.width ? px : Math.max(width / 2 + 4, Math.min(view.width - width / 2 - 4, px))
  return [x - width / 2, py - height / 2, x + width / 2, py + height / 2]
}

// A title in at most two lines of about twenty letters.
function wrapped(title) {
  const words = (title.length > 44 ? `${title.slice(0, 43)}…` : title).split(" ")
  if (title.length <= 20 || words.length === 1) return [words.join(" ")]
  let cut = 1
  const gap = (k) => Math.abs(words.slice(0, k).join(" ").length - words.slice(k).join(" ").length)
  for (let k = 1; k < words.length; k += 1) if (gap(k) < gap(cut)) cut = k
  return [words.slice(0, cut).join(" "), words.slice(cut).join(" ")]
}
