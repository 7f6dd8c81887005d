package CPANBridge::Compat::XML::XPath::Grammar;

# XPath 1.0's grammar: turns an expression into a tree of arrays, each with its kind first.
#
#   [or|and|=|!=|<|<=|>|>=|+|-|*|div|mod|'|', left, right]   [neg, of]
#   [literal, text]  [number, value]  [variable, name]  [call, name, arguments]
#   [filter, of, predicates]
#   [path, start, steps]       start: 'root', 'context' or an expression
#   step: { axis, test => [name, prefix, local] or [kind, target], predicates }, with '*' for any name
use 5.014;
use strict;
use warnings;
no warnings 'recursion';    # an expression in parentheses is one step deep for each level of operators

our $VERSION = '0.1.0';

my $NAME = qr/[A-Za-z_\x80-\x{10ffff}][A-Za-z0-9_.\-\x80-\x{10ffff}]*/;

my %AXES = map { $_ => 1 } qw(
  ancestor ancestor-or-self attribute child descendant descendant-or-self following following-sibling namespace parent
  preceding preceding-sibling self
);

my %KINDS = map { $_ => 1 } qw(comment text processing-instruction node);

# Binary operators, those that bind least first.
my @LEVELS = ( ['or'], ['and'], [ '=', '!=' ], [ '<', '<=', '>', '>=' ], [ '+', '-' ], [ '*', 'div', 'mod' ] );
my @SETS   = map {
    my %set = map { $_ => 1 } @$_;
    \%set
} @LEVELS;

# Expressions that were read before; forgotten all at once when there are many.
my $MANY = 1000;
my %known;

sub parse {
    my ($text) = @_;
    return $known{$text} if $known{$text};
    my $self = bless { text => $text, tokens => _tokens($text), at => 0, depth => 0 }, __PACKAGE__;
    my $tree = $self->_binary(0);
    $self->_fail('junk after end of expression') if defined $self->_peek;
    %known = () if keys %known >= $MANY;
    return $known{$text} = $tree;
}

# Pairs of kind and text: name (also p:n, p:*), axis, call, operator, literal, number, variable, sign.
sub _tokens {
    my ($text) = @_;
    my @tokens;
    pos $text = 0;
    while ( $text =~ /\G\s*/gc, pos $text < length $text ) {

        # After what can end an operand, * and these words are operators.
        my $after = @tokens && ( $tokens[-1][0] !~ /\A(?:operator|axis)\z/ && $tokens[-1][1] !~ /\A(?:\@|\(|\[|,)\z/ || $tokens[-1][0] eq 'literal' );
        if ( $after && $text =~ /\G(\*|(?:and|or|mod|div)(?![A-Za-z0-9_.\-]))/gc ) { push @tokens, [ operator => $1 ] }
        elsif ( $text =~ /\G("[^"]*"|'[^']*')/gc ) { push @tokens, [ literal => substr $1, 1, -1 ] }
        elsif ( $text =~ /\G([0-9]+(?:\.[0-9]*)?|\.[0-9]+)/gc ) { push @tokens, [ number => $1 ] }
        elsif ( $text =~ m{\G(//|!=|<=|>=|[/|+\-=<>])}gc ) { push @tokens, [ operator => $1 ] }
        elsif ( $text =~ /\G(\.\.|\.|\@|\(|\)|\[|\]|,)/gc ) { push @tokens, [ sign => $1 ] }
        elsif ( $text =~ /\G\$($NAME(?::$NAME)?)/gc )  { push @tokens, [ variable => $1 ] }
        elsif ( $text =~ /\G($NAME)\s*::/gc )          { push @tokens, [ axis     => $1 ] }
        elsif ( $text =~ /\G($NAME(?::$NAME)?)\s*(?=\()/gc ) { push @tokens, [ call => $1 ] }
        elsif ( $text =~ /\G($NAME:(?:$NAME|\*)|$NAME|\*)/gc ) { push @tokens, [ name => $1 ] }
        else { die sprintf "XPath expression %s: it makes no sense from '%s' on\n", $text, substr $text, pos $text }
    }
    return \@tokens;
}

sub _peek { my ($self) = @_; my $token = $self->{tokens}[ $self->{at} ]; return $token ? $token->[1] : undef }

# The next token's text if it is of this kind and, where one is named, has this text; moves on.
sub _take {
    my ( $self, $kind, $text ) = @_;
    my $token = $self->{tokens}[ $self->{at} ] or return;
    return if $token->[0] ne $kind || defined $text && $token->[1] ne $text;
    $self->{at}++;
    return $token->[1];
}

sub _fail {
    my ( $self, $what ) = @_;
    my $rest = join ' ', map { $_->[1] } @{ $self->{tokens} }[ $self->{at} .. $#{ $self->{tokens} } ];
    die "XPath expression $self->{text}: $what" . ( length $rest ? ": $rest\n" : ", at its end\n" );
}

sub _binary {
    my ( $self, $level ) = @_;
    return $self->_unary if $level > $#LEVELS;
    my $left = $self->_binary( $level + 1 );
    while ( my $token = $self->{tokens}[ $self->{at} ] ) {
        last if $token->[0] ne 'operator' || !$SETS[$level]{ $token->[1] };
        $self->{at}++;
        $left = [ $token->[1], $left, $self->_binary( $level + 1 ) ];
    }
    return $left;
}

sub _unary {
    my ($self) = @_;
    my $negative = 0;
    $negative++ while $self->_take( operator => '-' );
    my $tree = $self->_union;
    $tree = [ neg => $tree ] for 1 .. $negative;
    return $tree;
}

sub _union {
    my ($self) = @_;
    my $left = $self->_path;
    $left = [ '|', $left, $self->_path ] while $self->_take( operator => '|' );
    return $left;
}

sub _path {
    my ($self) = @_;
    my $token = $self->{tokens}[ $self->{at} ] or $self->_fail('something is missing');
    my ( $kind, $text ) = @$token;
    if ( $kind eq 'literal' || $kind eq 'number' || $kind eq 'variable' || $text eq '(' || $kind eq 'call' && !$KINDS{$text} ) {
        my $start = $self->_primary;
        my @predicates = $self->_predicates;
        $start = [ filter => $start, \@predicates ] if @predicates;
        my $slash = $self->{tokens}[ $self->{at} ];
        return $start if !$slash || $slash->[0] ne 'operator' || $slash->[1] !~ m{\A//?\z};
        return [ path => $start, $self->_steps(1) ];
    }
    if ( $self->_take( operator => '/' ) ) {
        return [ path => 'root', [] ] if !$self->_begins_step;
        return [ path => 'root', $self->_steps(0) ];
    }
    return [ path => 'root', $self->_steps(1) ] if $kind eq 'operator' && $text eq '//';
    $self->_fail('something is missing') if !$self->_begins_step;
    return [ path => 'context', $self->_steps(0) ];
}

sub _primary {
    my ($self) = @_;
    for my $kind (qw(literal number variable)) {
        my $text = $self->_take($kind);
        return [ $kind => $kind eq 'number' ? 0 + $text : $text ] if defined $text;
    }
    $self->_fail('too many parentheses') if ++$self->{depth} > 500;
    if ( $self->_take( sign => '(' ) ) {
        my $tree = $self->_binary(0);
        $self->_close;
        $self->{depth}--;
        return $tree;
    }
    my $name = $self->_take('call');
    $self->_take( sign => '(' );
    my @arguments;
    if ( !$self->_take( sign => ')' ) ) {
        do { push @arguments, $self->_binary(0) } while $self->_take( sign => ',' );
        $self->_close;
    }
    $self->{depth}--;
    return [ call => $name, \@arguments ];
}

# A parenthesis that is missing at the end of all is let pass, as programs are used to.
sub _close { my ($self) = @_; $self->_take( sign => ')' ) || defined $self->_peek && $self->_fail('a ) is missing'); return }

sub _begins_step {
    my ($self) = @_;
    my $token = $self->{tokens}[ $self->{at} ] or return 0;
    return $token->[0] =~ /\A(?:name|axis)\z/ || $token->[0] eq 'call' && $KINDS{ $token->[1] } || $token->[1] =~ /\A(?:\.\.?|\@)\z/;
}

# Steps with the slashes between them; those before the first one, too, if there are some. A last slash may lead nowhere.
sub _steps {
    my ( $self, $slashed ) = @_;
    my @steps;
    while (1) {
        if ($slashed) {
            my $token = $self->{tokens}[ $self->{at} ];
            last if !$token || $token->[0] ne 'operator' || $token->[1] !~ m{\A//?\z};
            $self->{at}++;
            push @steps, { axis => 'descendant-or-self', test => ['node'], predicates => [] } if $token->[1] eq '//';
            if ( !$self->_begins_step ) {
                last if $token->[1] eq '/' && !defined $self->_peek;
                $self->_fail('a step is missing');
            }
        }
        my $step = $self->_step;

        # //name means the same as /descendant::name as long as nobody counts.
        if ( @steps && $step->{axis} eq 'child' && !grep { _counts($_) } @{ $step->{predicates} } ) {
            my $before = $steps[-1];
            if ( $before->{axis} eq 'descendant-or-self' && $before->{test}[0] eq 'node' && !@{ $before->{predicates} } ) {
                pop @steps;
                $step->{axis} = 'descendant';
            }
        }
        push @steps, $step;
        $slashed = 1;
    }
    return \@steps;
}

# Whether a predicate may depend on a node's place among the others.
sub _counts {
    my ( $tree, $inside ) = @_;
    my ( $kind, @of ) = @$tree;
    return 1 if $kind eq 'call' ? !$inside || $of[0] =~ /\A(?:last|position)\z/ : !$inside && $kind !~ /\A(?:[=<>|]|!=|or|and|path)/;
    return scalar grep { _counts( $_, 1 ) } $kind eq 'path' ? grep {ref} $of[0] : $kind eq 'call' ? @{ $of[1] } : grep { ref eq 'ARRAY' && !ref $_->[0] } @of;
}

sub _step {
    my ($self) = @_;
    return { axis => 'self',   test => ['node'], predicates => [ $self->_predicates ] } if $self->_take( sign => '.' );
    return { axis => 'parent', test => ['node'], predicates => [ $self->_predicates ] } if $self->_take( sign => '..' );
    my $axis = $self->_take( sign => '@' ) ? 'attribute' : $self->_take('axis') || 'child';
    $self->_fail("there is no axis called $axis") if !$AXES{$axis};
    my $test;
    if ( defined( my $kind = $self->_take('call') ) ) {
        $self->_fail("there is no test called $kind") if !$KINDS{$kind};
        $self->_take( sign => '(' );
        $test = [ $kind, $self->_take('literal') ];
        $self->_close;
    }
    else {
        my $name = $self->_take('name');
        $self->_fail('a name is missing') if !defined $name;
        my ( $prefix, $local ) = $name =~ /\A(?:(.*):)?(.*)\z/s;
        $test = [ name => $prefix, $local ];
    }
    return { axis => $axis, test => $test, predicates => [ $self->_predicates ] };
}

sub _predicates {
    my ($self) = @_;
    my @predicates;
    while ( $self->_take( sign => '[' ) ) {
        $self->_fail('too many brackets') if ++$self->{depth} > 500;
        push @predicates, $self->_binary(0);
        $self->_take( sign => ']' ) or $self->_fail('a ] is missing');
        $self->{depth}--;
    }
    return @predicates;
}

# --- writing ----------------------------------------------------------------------------------------------------------

sub as_string {
    my ($tree) = @_;
    my ( $kind, @of ) = @$tree;
    if ( $kind eq 'literal' )  { my $quote = index( $of[0], q(') ) < 0 ? q(') : '"'; return "$quote$of[0]$quote" }
    if ( $kind eq 'number' )   { return $of[0] }
    if ( $kind eq 'variable' ) { return "\$$of[0]" }
    if ( $kind eq 'neg' )      { return '(-' . as_string( $of[0] ) . ')' }
    if ( $kind eq 'call' )     { return "$of[0](" . join( ',', map { as_string($_) } @{ $of[1] } ) . ')' }
    if ( $kind eq 'filter' )   { return '(' . as_string( $of[0] ) . join( '', map { '[' . as_string($_) . ']' } @{ $of[1] } ) . ')' }
    if ( $kind eq 'path' ) {
        my ( $start, $steps ) = @of;
        my $text = join '/', map { step_as_string($_) } @$steps;
        return "($text)" if $start eq 'context';
        return '(' . ( $start eq 'root' ? '' : as_string($start) ) . "/$text)";
    }
    return '(' . as_string( $of[0] ) . " $kind " . as_string( $of[1] ) . ')';
}

sub step_as_string {
    my ($step) = @_;
    my ( $kind, @of ) = @{ $step->{test} };
    my $test =
        $kind ne 'name'  ? "$kind(" . ( defined $of[0] ? "'$of[0]'" : '' ) . ')'
      : defined $of[0] ? "$of[0]:$of[1]"
      :                  $of[1];
    return "$step->{axis}\::$test" . join '', map { '[' . as_string($_) . ']' } @{ $step->{predicates} };
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::XML::XPath::Grammar - reads XPath expressions

=head1 DESCRIPTION

Used by our L<XML::XPath>; programs have no need of it.

=head1 FUNCTIONS

=head2 parse

    my $tree = parse('//server[@name="gobi"]');

Returns the expression as a tree, which must not be changed. Dies with a text that says what is wrong.

=head2 as_string

    my $text = as_string($tree);

The expression without abbreviations.

=head2 step_as_string

The same for one step of a path.

=cut
