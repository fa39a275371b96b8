from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

CHAT: dict[str, Any] = {
    "messages": [{"role": "user", "content": "Hello"}],
    "seed": 1,
    "max_tokens": 8,
}


def complete(client: FlaskClient, **fields: Any) -> Any:
    asked = {"prompt": "Once", "seed": 3, "max_tokens": 8, **fields}
    return client.post("/v1/completions", json=asked)


def chunks(answer: Any) -> list[dict[str, Any]]:
    lines = answer.get_data(as_text=True).strip().split("\n\n")
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def test_a_completion_has_openais_shape(client: FlaskClient) -> None:
    answer = complete(client, n=2).get_json()
    assert answer["object"] == "text_completion"
    assert [choice["index"] for choice in answer["choices"]] == [0, 1]
    assert answer["choices"][0]["logprobs"] is None


def test_null_means_not_given(client: FlaskClient) -> None:
    assert complete(client, stop=None, temperature=None, tools=None).status_code == 200


def test_the_streamed_text_joined_is_the_plain_one(client: FlaskClient) -> None:
    plain = complete(client, n=2).get_json()["choices"]
    texts = {0: "", 1: ""}
    for chunk in chunks(complete(client, n=2, stream=True)):
        for choice in chunk["choices"]:
            texts[choice["index"]] += choice["text"]
    assert [texts[0], texts[1]] == [choice["text"] for choice in plain]


def test_usage_comes_last_when_asked_for(client: FlaskClient) -> None:
    told = chunks(complete(client, stream=True, stream_options={"include_usage": True}))
    assert told[-1]["choices"] == []
    assert told[-1]["usage"]["prompt_tokens"] == len("Once")
    assert all(chunk["usage"] is None for chunk in told[:-1])


def test_logprobs_are_told_for_each_token(client: FlaskClient) -> None:
    answer = complete(client, logprobs=2, ignore_eos=True).get_json()
    told = answer["choices"][0]["logprobs"]
    assert len(told["tokens"]) == answer["usage"]["completion_tokens"] == 8
    assert all(logprob <= 0 for logprob in told["token_logprobs"])
    assert all(1 <= len(top) <= 2 for top in told["top_logprobs"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tools", [{"type": "function"}]),
        ("tool_choice", "required"),
        ("response_format", {"type": "json_object"}),
        ("audio", {"voice": "x"}),
        ("modalities", ["text", "audio"]),
        ("logit_bias", {"1": 5}),
        ("echo", True),
        ("suffix", "x"),
    ],
)
def test_case_27_what_is_not_done_is_refused_by_name(
    client: FlaskClient, field: str, value: object
) -> None:
    answer = complete(client, **{field: value})
    assert answer.status_code == 400
    error = answer.get_json()["error"]
    assert error["param"] == field
    assert field in error["message"]
    assert error["code"] == "unsupported_feature"


@pytest.mark.parametrize(
    ("content", "param"),
    [
        ([{"type": "image_url", "image_url": {"url": "x"}}], "messages.0.content"),
        ([{"type": "input_audio"}], "messages.0.content"),
        ([{"type": "text", "text": 1}], "messages.0.content"),
        ([], "messages.0.content"),
        ("", "messages.0.content"),
        (5, "messages.0.content"),
    ],
)
def test_content_that_is_no_text_is_named(client: FlaskClient, content: object, param: str) -> None:
    asked = {**CHAT, "messages": [{"role": "user", "content": content}]}
    answer = client.post("/v1/chat/completions", json=asked)
    assert answer.status_code == 400
    assert answer.get_json()["error"]["param"] == param


@pytest.mark.parametrize("role", ["tool", "function", "wizard", 5, None])
def test_roles_that_are_not_known_are_refused(client: FlaskClient, role: object) -> None:
    asked = {**CHAT, "messages": [{"role": role, "content": "x"}]}
    assert client.post("/v1/chat/completions", json=asked).status_code == 400


@pytest.mark.parametrize("prompt", [["a", "b"], [1, 2], [[1]], []])
def test_several_prompts_are_refused(client: FlaskClient, prompt: object) -> None:
    assert complete(client, prompt=prompt).status_code == 400


def test_one_prompt_in_a_list_is_one_prompt(client: FlaskClient) -> None:
    alone = complete(client).get_json()["choices"]
    assert complete(client, prompt=["Once"]).get_json()["choices"] == alone


def test_a_model_without_turns_says_that_it_cannot_chat(client: FlaskClient) -> None:
    answer = client.post("/v1/chat/completions", json={**CHAT, "model": "plain"})
    assert answer.status_code == 400
    assert answer.get_json()["error"]["code"] == "unsupported_feature"


def test_an_unknown_model_is_a_404_in_openais_shape(client: FlaskClient) -> None:
    answer = complete(client, model="gpt-9")
    assert answer.status_code == 404
    assert answer.get_json()["error"]["code"] == "model_not_found"
    assert client.get("/v1/models/gpt-9").status_code == 404


def test_models_are_listed(client: FlaskClient) -> None:
    listed = client.get("/v1/models").get_json()["data"]
    assert [entry["id"] for entry in listed] == ["tiny", "plain"]
    assert client.get("/v1/models/tiny").get_json() == listed[0]


def test_a_wrong_value_is_a_400_as_at_openai(client: FlaskClient) -> None:
    answer = complete(client, temperature=3)
    assert answer.status_code == 400
    assert answer.get_json()["error"]["param"] == "temperature"


def test_a_chat_completion_has_openais_shape(client: FlaskClient) -> None:
    asked = {**CHAT, "logprobs": True, "top_logprobs": 2, "ignore_eos": True}
    answer = client.post("/v1/chat/completions", json=asked).get_json()
    (choice,) = answer["choices"]
    assert choice["message"]["role"] == "assistant"
    assert choice["finish_reason"] == "length"
    told = choice["logprobs"]["content"]
    assert len(told) == 8
    assert all(len(token["top_logprobs"]) == 2 for token in told)
    assert all(bytes(token["bytes"]) for token in told)


def test_a_streamed_chat_begins_with_the_role_and_ends_with_the_reason(client: FlaskClient) -> None:
    plain = client.post("/v1/chat/completions", json=CHAT).get_json()["choices"][0]
    told = chunks(client.post("/v1/chat/completions", json={**CHAT, "stream": True}))
    deltas = [chunk["choices"][0]["delta"] for chunk in told]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert "".join(delta.get("content", "") for delta in deltas) == plain["message"]["content"]
    assert told[-1]["choices"][0]["finish_reason"] == plain["finish_reason"]


@pytest.mark.parametrize("role", ["system", "developer"])
def test_text_parts_are_joined_and_developers_are_systems(client: FlaskClient, role: str) -> None:
    parts = [{"type": "text", "text": "Be "}, {"type": "text", "text": "kind."}]
    user = CHAT["messages"][0]
    asked = [{"role": role, "content": parts}, user]
    plain = [{"role": "system", "content": "Be kind."}, user]
    answers = [
        client.post("/v1/chat/completions", json={**CHAT, "messages": messages}).get_json()
        for messages in (asked, plain)
    ]
    assert answers[0]["choices"] == answers[1]["choices"]


def test_streamed_offsets_run_on_as_the_plain_ones_do(client: FlaskClient) -> None:
    asked = {"n": 2, "logprobs": 1, "ignore_eos": True}
    plain = complete(client, **asked).get_json()["choices"]
    offsets: dict[int, list[int]] = {0: [], 1: []}
    for chunk in chunks(complete(client, **asked, stream=True)):
        for choice in chunk["choices"]:
            offsets[choice["index"]] += choice["logprobs"]["text_offset"]
    assert [offsets[0], offsets[1]] == [choice["logprobs"]["text_offset"] for choice in plain]
    assert offsets[0][-1] > 0


CALLS = [{"id": "1", "type": "function", "function": {"name": "add", "arguments": "{}"}}]


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ({"role": "assistant", "content": None, "tool_calls": CALLS}, "tool_calls"),
        ({"role": "assistant", "tool_calls": CALLS}, "tool_calls"),
        ({"role": "assistant", "content": None, "function_call": {"name": "f"}}, "function_call"),
        ({"role": "tool", "tool_call_id": "1", "content": "5"}, "role `tool`"),
        ({"role": "function", "name": "f", "content": None}, "role `function`"),
    ],
)
def test_case_27_a_conversation_with_tools_is_refused_by_their_name(
    client: FlaskClient, message: dict[str, Any], named: str
) -> None:
    last = {"role": "tool", "tool_call_id": "1", "content": "5"}
    asked = {**CHAT, "messages": [*CHAT["messages"], message, last]}
    error = client.post("/v1/chat/completions", json=asked).get_json()["error"]
    assert (error["code"], named in error["message"]) == ("unsupported_feature", True)
    assert error["param"].startswith("messages.1.")


@pytest.mark.parametrize("messages", [5, [5], [None], [[]], {}, [{"role": []}]])
def test_messages_that_are_none_are_refused(client: FlaskClient, messages: object) -> None:
    answer = client.post("/v1/chat/completions", json={**CHAT, "messages": messages})
    assert answer.status_code == 400
    assert answer.get_json()["error"]["param"].startswith("messages")


@pytest.mark.parametrize(
    ("field", "value"),
    [("best_of", True), ("echo", 0), ("echo", 0.0), ("best_of", "1"), ("suffix", False)],
)
def test_what_only_equals_a_value_that_asks_for_nothing_is_refused(
    client: FlaskClient, field: str, value: object
) -> None:
    answer = complete(client, **{field: value})
    assert (answer.status_code, answer.get_json()["error"]["param"]) == (400, field)


@pytest.mark.parametrize(
    ("field", "value"), [("best_of", 1), ("best_of", 1.0), ("echo", False), ("logit_bias", {})]
)
def test_what_asks_for_nothing_is_passed_over(
    client: FlaskClient, field: str, value: object
) -> None:
    assert complete(client, **{field: value}).status_code == 200


@pytest.mark.parametrize("logprobs", [None, False])
def test_top_logprobs_need_logprobs(client: FlaskClient, logprobs: object) -> None:
    asked = {**CHAT, "logprobs": logprobs, "top_logprobs": 2}
    error = client.post("/v1/chat/completions", json=asked).get_json()["error"]
    assert (error["param"], "`logprobs`" in error["message"]) == ("top_logprobs", True)
    assert client.post("/v1/chat/completions", json={**asked, "top_logprobs": 0}).status_code == 200


@pytest.mark.parametrize("stream", [None, False])
@pytest.mark.parametrize("path", ["/v1/completions", "/v1/chat/completions"])
def test_stream_options_need_a_stream(client: FlaskClient, path: str, stream: object) -> None:
    given = {"prompt": "a"} if path == "/v1/completions" else CHAT
    asked = {**given, "max_tokens": 2, "stream": stream, "stream_options": {"include_usage": True}}
    error = client.post(path, json=asked).get_json()["error"]
    assert (error["param"], "`stream`" in error["message"]) == ("stream_options", True)
    assert client.post(path, json={**asked, "stream_options": None}).status_code == 200
