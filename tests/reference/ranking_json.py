#!/usr/bin/env python3
"""Write tests/golden/ranking.json: the contract of nd_rankings_json, by hand and by json.dumps."""
import json
import pathlib

first = {
    "rank": 1, "path": '/music/caves "one"\n.ogg', "library": 0, "title": "Caves", "artist": "Nóra",
    "duration_s": 181.235, "tempo_bpm": 124.0, "key": "A minor", "score": 0.8125,
    "parts": {"motion": {"value": 0.9, "weight": 0.6667}, "sync": {"value": 0.3333, "weight": 0.3333}},
    "start_s": 41.0, "window_s": [41.0, 61.25], "why": "Its 124 bpm drive matches the fast motion."}
second = {
    "rank": 2, "path": "/music/\ufffd.mp3", "path_hex": "2f6d757369632fff2e6d7033", "library": 1,
    "title": "", "artist": "", "duration_s": None, "tempo_bpm": 0.0, "key": "", "score": 0.0,
    "parts": {}, "start_s": 0.0, "window_s": [0.0, 0.0],
    "why": "A weak match: none of the 9 cuts meets a beat."}
videos = [
    {"path": "holiday.mp4", "n_passed": 12, "results": [first, second]},
    {"path": "\ufffd.mp4", "path_hex": "c32e6d7034", "n_passed": 0, "results": []}]
golden = pathlib.Path(__file__).parent.parent / "golden" / "ranking.json"
golden.write_text(json.dumps({"videos": videos}, ensure_ascii=False), encoding="utf-8")
