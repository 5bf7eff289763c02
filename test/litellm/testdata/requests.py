"""Has LiteLLM send one request for each case, and prints what went wrong: {"prefix route": error}.

Standard input is a list of cases: {"prefix", "route", "base"}. The model of a case is
PREFIX/m-NUMBER, by which the capturing proxy tells the cases apart. Replies are not read.
"""
import asyncio
import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import litellm

litellm.suppress_debug_info = True
litellm.drop_params = True
KEY = "key-of-the-test"


def ask(number, case):
    model = f"{case['prefix']}/m-{number}"
    args = {"model": model, "api_key": KEY, "timeout": 20}
    if case.get("base"):
        args["api_base"] = case["base"]
    if case["prefix"] == "azure":
        args["api_version"] = "2024-10-21"
    chat = [{"role": "user", "content": "hi"}]
    match case["route"]:
        case "chat":
            litellm.completion(messages=chat, max_completion_tokens=7, max_retries=0, **args)
        case "responses":
            litellm.responses(input="hi", **args)
        case "messages":
            asyncio.run(litellm.anthropic.messages.acreate(messages=chat, max_tokens=7, **args))
        case "completions":
            litellm.text_completion(prompt="hi", max_retries=0, **args)
        case "embeddings":
            litellm.embedding(input=["hi"], max_retries=0, **args)
        case "images":
            litellm.image_generation(prompt="hi", max_retries=0, **args)
        case "speech":
            litellm.speech(input="hi", voice="alloy", max_retries=0, **args).read()
        case "transcriptions":
            with tempfile.NamedTemporaryFile(suffix=".wav") as sound:
                sound.write(b"RIFF")
                sound.flush()
                with open(sound.name, "rb") as file:
                    litellm.transcription(file=file, max_retries=0, **args)
        case "rerank":
            litellm.rerank(query="q", documents=["a", "b"], top_n=1, **args)
        case "moderations":
            litellm.moderation(input="hi", **args)


def attempt(item):
    number, case = item
    try:
        ask(number, case)
    except BaseException as e:  # what the replies lack is no matter
        return f"{case['prefix']} {case['route']}", f"{type(e).__name__}: {e}"[:300]
    return None


cases = list(enumerate(json.load(sys.stdin)))
seen, first, rest = set(), [], []
for item in cases:  # imports at the first use are not safe in several threads
    (rest if item[1]["route"] in seen else first).append(item)
    seen.add(item[1]["route"])
found = [attempt(item) for item in first]
with ThreadPoolExecutor(4) as pool:
    found += pool.map(attempt, rest)
out = dict(filter(None, found))
print(json.dumps(out), flush=True)
os._exit(0)  # threads of loggers may linger
