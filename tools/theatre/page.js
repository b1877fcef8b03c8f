// SPDX-License-Identifier: MIT
// Plays the scenes that frames.py made: shows a frame, draws the lanes.
"use strict";
const { base, scenes } = JSON.parse(
	document.getElementById("scenes").textContent);
const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const LEFT = 110, WIDTH = 1240, LANE = 42, TOP = 64, LINE = 18;
let scene, at = 0, timer = null;

function element(name, attributes, text) {
	const made = document.createElementNS(SVG, name);
	for (const [key, value] of Object.entries(attributes))
		made.setAttribute(key, value);
	if (text !== undefined)
		made.textContent = text;
	return made;
}

function html(name, className, text) {
	const made = document.createElement(name);
	if (className)
		made.className = className;
	if (text !== undefined)
		made.textContent = text;
	return made;
}

// Where a time lies: by the clock, or so that every event has the same room.
function axis() {
	const times = [...new Set(scene.marks.flatMap((mark) =>
		[mark.t, mark.last, mark.end].filter((t) => t !== undefined)))]
		.sort((a, b) => a - b);
	const first = times[0], span = Math.max(times.at(-1) - first, 1);
	if ($("clock").checked)
		return (t) => LEFT + (t - first) / span * (WIDTH - LEFT - 10);
	const place = new Map(times.map((t, i) => [t, i]));
	const room = (WIDTH - LEFT - 10) / Math.max(times.length - 1, 1);
	return (t) => {
		let i = place.get(t);
		if (i === undefined)
			i = times.filter((time) => time < t).length;
		return LEFT + i * room;
	};
}

function lane(cpu) {
	return TOP + 12 + cpu * LANE;
}

// The lines that the names of the steps stand on, so that none meets its
// neighbour.
function lines() {
	return scene.steps.length > 12 ? 3 : 2;
}

function drawBands(svg, x, bottom) {
	let line = 0;
	for (const mark of scene.marks.filter((m) => m.e === "step")) {
		const { name } = scene.steps.find((step) => step.i === mark.i);
		const left = x(mark.t), width = Math.max(x(mark.end) - left, 1);
		if (mark.i % 2 === 0)
			svg.append(element("rect", { x: left, y: TOP - 4, width,
				height: bottom - TOP, fill: "var(--band)" }));
		svg.append(element("text", { x: left + 3,
			y: 46 - LINE * (line++ % lines()), class: "soft" }, name));
	}
}

const FILL = { old: "var(--did-old)", new: "var(--new)", mix: "var(--bad)",
	nobody: "var(--bad)", twice: "var(--bad)", freed: "var(--bad)" };

function drawRun(svg, x, mark) {
	const left = x(mark.t), width = Math.max(x(mark.end) - left, 7);
	const trap = mark.how === "trap";
	const bar = element("rect", { x: left, y: lane(mark.cpu) - 10, width,
		height: 20, rx: 4, fill: trap ? "url(#trap)" : FILL[mark.did] });
	bar.append(element("title", {}, `CPU ${mark.cpu}: ${mark.n} calls, ` +
		`${mark.did}, ${mark.how}`));
	svg.append(bar);
	const label = `${mark.n}×`;
	if (width > 36)
		svg.append(element("rect", { x: left + 3, y: lane(mark.cpu) - 8,
			width: 9 * label.length + 4, height: 16, rx: 3,
			fill: "var(--card)" }), element("text", { x: left + 5,
			y: lane(mark.cpu) + 5 }, label));
}

function drawStore(svg, x, mark) {
	const left = x(mark.t), y = lane(mark.cpu) - 18;
	svg.append(element("line", { x1: left, y1: y, x2: Math.max(x(mark.end),
		left + 4), y2: y, stroke: "var(--soft)", "stroke-width": 2 }));
	const color = mark.bytes.includes("int3") ? "int3" : "new";
	svg.append(element("path", { d: `M${left - 5} ${y - 6}h10l-5 9z`,
		fill: `var(--${color})` }));
}

function drawSync(svg, x, mark) {
	const ipi = scene.marks.find((m) => m.e === "ipi" &&
		m.round === mark.round);
	const done = x(mark.end), y = lane(mark.cpu);
	if (ipi)
		svg.append(element("line", { x1: x(ipi.t),
			y1: lane(scene.about.patcher), x2: done, y2: y,
			stroke: "var(--accent)", "stroke-width": 1.5 }));
	svg.append(element("circle", { cx: done, cy: y, r: 5,
		fill: "var(--accent)" }));
}

// A dashed red line while a CPU could execute a mixture: to the end of the chart
// if it never drops what it fetched.
function drawDanger(svg, x) {
	for (let cpu = 0; cpu < scene.about.cpus; cpu++) {
		let from = null;
		for (const frame of scene.frames) {
			const bad = frame.rows[cpu].bad;
			if (bad && from === null)
				from = frame.t;
			if ((!bad || frame === scene.frames.at(-1)) && from !== null) {
				svg.append(element("line", { x1: x(from),
					y1: lane(cpu) + 15,
					x2: bad ? WIDTH - 6 : x(frame.t),
					y2: lane(cpu) + 15, stroke: "var(--bad)",
					"stroke-width": 3, "stroke-dasharray": "4 3" }));
				from = null;
			}
		}
	}
}

// A bracket over the time in which a CPU is inside.
function drawInside(svg, x, mark) {
	const left = x(mark.t), right = Math.max(x(mark.end), left + 6);
	const y = lane(mark.cpu) - 14;
	svg.append(element("path", { d: `M${left} ${y + 5}v-5H${right}v5`,
		fill: "none", stroke: "var(--ink)", "stroke-width": 2 }));
}

// A small ring where a model's CPU fetches.
function drawFetch(svg, x, mark) {
	svg.append(element("circle", { cx: x(mark.t), cy: lane(mark.cpu), r: 5,
		fill: "var(--card)", stroke: "var(--ink)", "stroke-width": 2 }));
}

const DRAW = { inside: drawInside, fetch: drawFetch, run: drawRun,
	store: drawStore, ack: drawSync };

function drawLanes() {
	const bottom = lane(scene.about.cpus) - 10, x = axis();
	const top = LINE * (3 - lines());
	const svg = element("svg", {
		viewBox: `0 ${top} ${WIDTH} ${bottom + 6 - top}`,
		role: "img", "aria-label": `What each CPU did: ${scene.verdict}` });
	const defs = element("defs", {});
	const hatch = element("pattern", { id: "trap", width: 8, height: 8,
		patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
	hatch.append(element("rect", { width: 8, height: 8,
		fill: "var(--card)" }), element("rect", { width: 5, height: 8,
		fill: "var(--int3)" }));
	defs.append(hatch);
	svg.append(defs);
	drawBands(svg, x, bottom);
	for (let cpu = 0; cpu < scene.about.cpus; cpu++) {
		svg.append(element("text", { x: 4, y: lane(cpu) + 5 }, `CPU ${cpu}`));
		if (cpu === scene.about.patcher)
			svg.append(element("text", { x: 4, y: lane(cpu) + 20,
				class: "soft" }, "patches"));
		svg.append(element("line", { x1: LEFT, y1: lane(cpu), x2: WIDTH - 6,
			y2: lane(cpu), stroke: "var(--line)" }));
	}
	for (const mark of scene.marks)
		DRAW[mark.e]?.(svg, x, mark);
	drawDanger(svg, x);
	svg.append(element("line", { id: "now", y1: TOP - 8, y2: bottom,
		stroke: "var(--ink)", "stroke-width": 2 }));
	$("lanes").replaceChildren(svg);
	scene.x = x;
}

function showBytes(frame) {
	$("bytes").replaceChildren(...frame.bytes.map((byte, i) => {
		const made = html("div", `byte ${byte.origin}` +
			(byte.touched ? " touched" : ""), byte.text);
		made.append(html("small", "", `+${i}`));
		return made;
	}));
	$("bytes").setAttribute("aria-label", `${frame.whose}: ` +
		frame.bytes.map((b) => `${b.text} (${b.origin})`).join(", "));
	$("meaning").textContent = `${frame.whose}: ${frame.meaning}`;
	$("meaning").classList.toggle("bad", frame.mix);
}

function showTable(frame) {
	$("rows").replaceChildren(...frame.rows.map((row, cpu) => {
		const made = html("tr");
		made.append(html("td", "", `CPU ${cpu}`));
		for (const part of row.parts) {
			const cell = html("td");
			cell.append(...part.map((value) =>
				html("code", value.origin, value.text)));
			made.append(cell);
		}
		made.append(html("td", `verdict${row.bad ? " bad" : ""}`,
			row.verdict));
		return made;
	}));
}

// The sources lie beside the page; without them the links lead nowhere.
function source(text, path) {
	const link = html("a", "", text);
	link.href = `${base}/${path}`;
	return link;
}

// What the table follows from, where no step is to be explained.
const RULE = "A CPU fetches an instruction in parts, and may keep each part " +
	"until it executes a serialising instruction. So it may execute any " +
	"combination of the parts that it may still hold.";

// Why the step is there, and where that is explained and written.
function showWhy(step) {
	if (!step || !step.why)
		return $("why").replaceChildren(html("span", "rule", RULE));
	const places = html("span", "places");
	places.append(source(step.design, step.design), ", ",
		source(`${step.source}:${step.line}`,
			`${step.source}#L${step.line}`));
	$("why").replaceChildren(html("b", "", `Why the step “${step.name}”? `),
		step.why, " ", html("strong", "", step.without), " ", places);
}

function show(index) {
	at = Math.min(Math.max(index, 0), scene.frames.length - 1);
	const frame = scene.frames[at];
	showBytes(frame);
	showTable(frame);
	$("sentence").textContent = frame.sentence;
	$("sentence").classList.toggle("bad", frame.bad);
	$("detail").textContent = frame.detail;
	$("slider").value = at;
	$("slider").setAttribute("aria-valuetext", frame.sentence);
	for (const item of $("steps").children)
		item.toggleAttribute("aria-current",
			Number(item.dataset.step) === frame.step);
	showWhy(scene.steps.find((step) => step.i === frame.step));
	const place = scene.x(Math.max(frame.t, scene.marks[0].t));
	$("now").setAttribute("x1", place);
	$("now").setAttribute("x2", place);
	if (at === scene.frames.length - 1)
		pause();
}

function pause() {
	clearInterval(timer);
	timer = null;
	$("play").textContent = "Play";
}

function play() {
	if (timer)
		return pause();
	if (at === scene.frames.length - 1)
		show(0);
	$("play").textContent = "Pause";
	timer = setInterval(() => show(at + 1), 1100);
}

const CLOCKS = {
	insn: "A recording: run it again with the same kernel and QEMU and you " +
		"get this page.",
	ns: "Real concurrency: each run is different.",
	steps: "A model checker's counterexample: one step is one state.",
};
const NAMES = [["seed", "seed"], ["build", "kernel"], ["elf", "ELF"],
	["qemu", "QEMU"], ["gcc", "gcc"], ["spin", "Spin"]];

function choose(index) {
	pause();
	scene = scenes[index];
	document.querySelectorAll("#scene-list button").forEach((button, i) =>
		button.setAttribute("aria-pressed", i === index));
	$("slider").max = scene.frames.length - 1;
	$("heads").replaceChildren(html("th", "", "CPU"),
		...scene.parts.map((part) => html("th", "", part)),
		html("th", "", "so it may execute"));
	$("versions").replaceChildren(...scene.versions.map((one) =>
		html("li", one.name, one.text)));
	$("steps").replaceChildren(...scene.steps.map((step) => {
		const item = html("li", "", step.name);
		item.dataset.step = step.i;
		return item;
	}));
	$("about").textContent = `${CLOCKS[scene.about.clock] || ""} ` +
		"The arrow keys step.";
	$("build").textContent = NAMES.filter(([key]) => key in scene.about)
		.map(([key, name]) => `${name} ${scene.about[key]}`).join(" · ");
	$("notes").textContent = [scene.dropped ?
		`${scene.dropped} events were dropped by the recorder.` : "",
		scene.stale ? `${scene.stale} runs lasted longer than the table ` +
		"allows: QEMU ran an old translation." : "",
		...scene.problems].filter(Boolean).join(" ");
	drawLanes();
	show(0);
}

scenes.forEach((one, i) => {
	if (!i || one.kind !== scenes[i - 1].kind) {
		$("scene-list").append(html("span", "kind"));
		$("scene-list").lastChild.append(html("span", "", `${one.kind}:`));
	}
	const button = html("button", "", one.title.replace(/ \(seed .*/, ""));
	button.type = "button";
	button.title = one.title;
	button.onclick = () => choose(i);
	$("scene-list").lastChild.append(button);
});
$("back").onclick = () => { pause(); show(at - 1); };
$("forward").onclick = () => { pause(); show(at + 1); };
$("play").onclick = play;
$("slider").oninput = () => { pause(); show(Number($("slider").value)); };
$("clock").onchange = () => { drawLanes(); show(at); };

const KEYS = { ArrowRight: () => show(at + 1), ArrowLeft: () => show(at - 1),
	Home: () => show(0), End: () => show(scene.frames.length - 1) };
document.addEventListener("keydown", (event) => {
	if (event.target.id === "slider" || event.ctrlKey || event.altKey)
		return;
	if (KEYS[event.key]) {
		pause();
		KEYS[event.key]();
		event.preventDefault();
	} else if (event.key === " " && event.target.tagName !== "BUTTON") {
		play();
		event.preventDefault();
	}
});

// page.html#2/end opens the third scene at its end; #0/7 the first at frame 7.
const [wanted, frame] = location.hash.slice(1).split("/");
choose(scenes[Number(wanted)] ? Number(wanted) : 0);
if (frame)
	show(frame === "end" ? scene.frames.length - 1 : Number(frame) || 0);
