# report.awk: what the acts of the demo did: a time line for each, then a table.
# Reads the acts (tab-separated: number, begin, fault, end, who served before,
# who is to serve after, the longest right outage in ms, where the outage begins,
# title, what is expected, what was said, what was not said), then who=client its lines, then who=NODE each story.
# With brief=yes only a line for each act. Status 1 when an act did not do what
# it should.

BEGIN {
	width = 64
	if (colour) {
		ink["node1"] = "\033[32m"; ink["node2"] = "\033[36m"; ink["nobody"] = "\033[31m"
		ink["ok"] = "\033[32m"; ink["WRONG"] = "\033[1;31m"; bold = "\033[1m"; plain = "\033[0m"
	}
}

who == "" {
	count++
	split($0, part, "\t")
	number[count] = part[1]; begin[count] = part[2]; fault[count] = part[3]; end[count] = part[4]
	before[count] = part[5]; after[count] = part[6]; limit[count] = part[7]
	from[count] = part[8]; title[count] = part[9]
	expected[count] = part[10]; said[count] = part[11]; unsaid[count] = part[12]
	# A readable step, so that the act fits into the width.
	step[count] = 0.02
	while ((part[4] - part[2]) / step[count] > width)
		step[count] *= (step[count] ~ /5$/) ? 2 : (step[count] ~ /2$/) ? 2.5 : 2
	next
}

who == "client" {
	at = $1 + 0
	for (a = 1; a <= count; a++)
		if (at >= begin[a] && at <= end[a])
			client(a)
	next
}

# What a story says of groups, nodes and links, and the actions of its node.
/^(link|node) / || /^do .* (start|stop|exit)/ || /^group .* (started|stopped|failed)/ && /node=/ {
	at = $2 + 0
	for (a = 1; a <= count; a++)
		if (at >= fault[a] - 0.001 && at <= end[a])
			event(a, at, who, words())
}

# One line of the client, asked within act a.
function client(a, came) {
	cell = int((at - begin[a]) / step[a])
	if ($2 == "late")
		event(a, at, "client", "was itself paused for " $3 " s")
	if ($2 == "fail" && at >= fault[a])
		lost[a]++
	if ($2 == "fail")
		seen[a, "nobody", cell] = 1
	if ($2 != "ok")
		return
	seen[a, $3, cell] = 1
	came = at + $4
	if (latest[a] && came - latest[a] > gap[a])
		gap[a] = came - latest[a]
	latest[a] = came
	if ($3 == after[a] && came >= fault[a] && !first[a])
		first[a] = came
	else if ($3 == before[a] && !first[a])
		last[a] = came
	else if ($3 != after[a])
		stray[a]++
}

# A record without its time and its details.
function words() {
	text = $1 " " $3
	if ($4 !~ /=/)
		text = text " " $4
	if ($1 == "group")
		text = text " on " substr($0, index($0, "node=") + 5)
	sub(/ epoch=.*/, "", text)
	gsub(work, "", text)
	return text
}

function event(a, at, who, text, i) {
	for (i = ++events[a]; i > 1 && when[a, i - 1] > at; i--) {
		when[a, i] = when[a, i - 1]; speaker[a, i] = speaker[a, i - 1]; what[a, i] = what[a, i - 1]
	}
	when[a, i] = at; speaker[a, i] = who; what[a, i] = text
}

function blanks(n) { return n > 0 ? sprintf("%" n "s", "") : "" }

function row(a, name, mark, i, line) {
	for (i = 0; i <= (end[a] - begin[a]) / step[a]; i++)
		line = line (((a, name, i) in seen) ? mark : " ")
	printf "  %-16s%s%s%s\n", name, ink[name], line, plain
}

# A point in time: a caret at its place, and what happened.
function point(a, at, name, text) {
	printf "  %+7.0f ms %s%-6s%s%s%s^%s %s\n", (at - fault[a]) * 1000, ink[name], name, plain,
		blanks(int((at - begin[a]) / step[a])), bold, plain, text
}

function timeline(a, i, told) {
	printf "\n%s%d. %s%s: who answers the client; a column is %d ms\n", bold, number[a], title[a], plain, step[a] * 1000 + 0.5
	row(a, "node1", "#"); row(a, "node2", "#"); row(a, "nobody", "x")
	point(a, fault[a], "", title[a])
	for (i = 1; i <= events[a]; i++) {
		if (after[a] != before[a] && first[a] && !told && when[a, i] > first[a])
			told = answer(a)
		point(a, when[a, i], speaker[a, i], what[a, i])
	}
	if (after[a] != before[a] && first[a] && !told)
		answer(a)
}

function answer(a) {
	point(a, first[a], "client", "first answer of " after[a])
	return 1
}

# The outage in ms, or "none"; sets verdict and reason.
function judge(a, outage) {
	outage = "none"
	reason = unsaid[a]
	if (!first[a]) {
		outage = "no end"
		reason = reason "; " after[a] " did not answer"
	} else if (before[a] != after[a] || lost[a]) {
		outage = first[a] - (from[a] == "fault" ? fault[a] : last[a])
		outage = 1000 * (before[a] == after[a] ? gap[a] : outage)
		if (outage > limit[a])
			reason = reason sprintf("; an outage of more than %d ms", limit[a])
		outage = sprintf("%.0f ms", outage)
	}
	if (stray[a])
		reason = reason sprintf("; %d answers of another node", stray[a])
	sub(/^; /, "", reason)
	verdict = reason == "" ? "ok" : "WRONG"
	return outage
}

function line(act, expected, seen, outage, verdict) {
	printf "%-33s  %-25s  %-34s  %9s  %s%s%s\n", act, expected, seen, outage, ink[verdict], verdict, plain
}

END {
	for (a = 1; a <= count && !brief; a++)
		timeline(a)
	if (!brief) {
		printf "\n%s", bold
		line("act", "expected", "seen", "outage", "verdict")
		printf "%s", plain
	}
	for (a = 1; a <= count; a++) {
		outage = judge(a)
		server = first[a] ? after[a] : "nobody"
		did = (before[a] == server ? "stays on " : "") server (said[a] ? ", " said[a] : "")
		did = did sprintf(", %d lost", lost[a])
		if (brief)
			printf "  client  %s, outage %s: %s%s%s\n", did, outage, ink[verdict], verdict, plain
		else
			line(number[a] ". " title[a], expected[a], did, outage, verdict)
		if (verdict != "ok") {
			wrong++
			printf "  %s%s%s\n", ink["WRONG"], reason, plain
		}
	}
	exit wrong > 0
}
