package CPANBridge::Compat::LibXML::XPath;

# XPath 1.0 over the nodes of Tree.pm. An expression becomes a sub, whose kind of result is known when it is made: 'set'
# (a list of nodes), 'number', 'string', 'boolean', or 'any' where only a variable or a program's function will tell;
# 'any' gives [ kind, value ].
use 5.014;
use strict;
use warnings;
no warnings 'recursion';

use CPANBridge::Compat::LibXML::Tree qw(:all);
use CPANBridge::Compat::LibXML::XPathFunctions qw(%FUNCTION as_boolean as_number as_string);

our $VERSION = '0.1.0';

# While an expression is evaluated: ns (prefix -> URI), variable, function: subs of the caller's.
our $context;

my $MAX_DEPTH = 500;    # of expressions in each other
my %compiled;

sub compile {
    my ($text) = @_;
    return $compiled{$text} if $compiled{$text};
    my $self = bless { text => $text, depth => 0 }, __PACKAGE__;
    $self->{tokens} = $self->_tokens;
    $self->{at}     = 0;
    my $expression = $self->_or;
    $self->_wrong if $self->{at} < @{ $self->{tokens} };
    %compiled = () if keys %compiled > 500;
    return $compiled{$text} = [ @$expression[ 0, 1 ], $self->{asks} ];
}

# An expression that was compiled already, if it asks for nothing that depends on where it is evaluated.
sub known { my $expression = $compiled{ $_[0] }; return $expression && !$expression->[2] ? $expression : undef }


# Returns the kind and the value.
sub evaluate {
    my ( $expression, $node, $position, $size, $how ) = @_;
    local $context = $how;
    my ( $kind, $code ) = @$expression;
    my $value = $code->( $node, $position, $size );
    ( $kind, $value ) = @$value if $kind eq 'any';
    return ( $kind, $value );
}

sub fail {
    my ( $code, $text, $expression, $at ) = @_;
    die { xpath => $code, text => $text, expression => $expression, at => $at };
}

sub _wrong {
    my ($self) = @_;
    my $token = $self->{tokens} && $self->{tokens}[ $self->{at} ];
    return fail( 1207, 'Invalid expression', $self->{text}, $token ? $token->[2] : length $self->{text} );
}

# --- tokens -----------------------------------------------------------------------------------------------------------

my $NAME = qr/[^\W\d][\w.\-\x{b7}]*/;

sub _tokens {
    my ($self) = @_;
    my $text = $self->{text};
    my @tokens;
    pos($text) = 0;
    while (1) {
        $text =~ /\G\s+/gc;
        my $at = pos $text;
        last if $at == length $text;

        # After a value, * and names are operators.
        my $before = @tokens ? $tokens[-1] : undef;
        my $value_before = $before && ( $before->[0] eq 'name' || $before->[0] eq 'literal' || $before->[0] eq 'number'
            || $before->[0] eq 'variable' || $before->[1] =~ /\A(?:\)|\]|\.|\.\.|\*)\z/ && $before->[0] ne 'operator' );
        if ( $value_before && $text =~ /\G(and|or|mod|div)(?![\w.\-:])/gc ) { push @tokens, [ 'operator', $1, $at ] }
        elsif ( $value_before && $text =~ /\G\*/gc ) { push @tokens, [ 'operator', '*', $at ] }
        elsif ( $text =~ /\G("([^"]*)"|'([^']*)')/gc ) { push @tokens, [ 'literal', defined $2 ? $2 : $3, $at ] }
        elsif ( $text =~ /\G((?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)/gc ) { push @tokens, [ 'number', $1 + 0, $at ] }
        elsif ( $text =~ /\G\$($NAME)(?::($NAME))?/gc ) { push @tokens, [ 'variable', defined $2 ? ( $2, $at, $1 ) : ( $1, $at ) ] }
        elsif ( $text =~ m{\G(<=|>=|!=|//|::|\.\.|[()\[\]@,/|+=<>.*-])}gc ) {
            my $symbol = $1;
            push @tokens, [ $symbol =~ m{\A(?:<=|>=|!=|[|+=<>-])\z} ? 'operator' : 'symbol', $symbol, $at ];
        }
        elsif ( $text =~ /\G($NAME)(?::(?!:)($NAME|\*))?/gc ) {
            push @tokens, defined $2 ? [ 'name', $2, $at, $1 ] : [ 'name', $1, $at ];
        }
        else { fail( 1207, 'Invalid expression', $text, $at ) }
    }
    return \@tokens;
}

sub _is {
    my ( $self, $text, $ahead ) = @_;
    my $token = $self->{tokens}[ $self->{at} + ( $ahead || 0 ) ] or return 0;
    return $token->[1] eq $text && ( $token->[0] eq 'symbol' || $token->[0] eq 'operator' );
}

sub _take {
    my ( $self, $text ) = @_;
    return 0 if !$self->_is($text);
    $self->{at}++;
    return 1;
}

sub _expect { my ( $self, $text ) = @_; return $self->_take($text) || $self->_wrong }

# --- operators --------------------------------------------------------------------------------------------------------

sub _to {
    my ( $kind, $expression ) = @_;
    my ( $its, $code ) = @$expression;
    return $code if $its eq $kind;
    my $convert = { boolean => \&as_boolean, number => \&as_number, string => \&as_string }->{$kind};
    return sub { my $value = $code->(@_); return $convert->(@$value) }
      if $its eq 'any';
    return sub { return $convert->( $its, $code->(@_) ) };
}

sub _or {
    my ($self) = @_;
    fail( 1207, 'Invalid expression', $self->{text}, 0 ) if ++$self->{depth} > $MAX_DEPTH;
    my $left = $self->_and;
    while ( $self->_take('or') ) {
        my ( $first, $second ) = ( _to( boolean => $left ), _to( boolean => $self->_and ) );
        $left = [ boolean => sub { return $first->(@_) || $second->(@_) } ];
    }
    $self->{depth}--;
    return $left;
}

sub _and {
    my ($self) = @_;
    my $left = $self->_equality;
    while ( $self->_take('and') ) {
        my ( $first, $second ) = ( _to( boolean => $left ), _to( boolean => $self->_equality ) );
        $left = [ boolean => sub { return $first->(@_) && $second->(@_) } ];
    }
    return $left;
}

sub _equality {
    my ($self) = @_;
    my $left = $self->_relational;
    while ( my ($operator) = grep { $self->_take($_) } '=', '!=' ) { $left = _comparison( $operator, $left, $self->_relational ) }
    return $left;
}

sub _relational {
    my ($self) = @_;
    my $left = $self->_additive;
    while ( my ($operator) = grep { $self->_take($_) } '<=', '>=', '<', '>' ) { $left = _comparison( $operator, $left, $self->_additive ) }
    return $left;
}

my %COMPARE = (
    '='  => sub { $_[0] == $_[1] },
    '!=' => sub { $_[0] != $_[1] },
    '<'  => sub { $_[0] < $_[1] },
    '>'  => sub { $_[0] > $_[1] },
    '<=' => sub { $_[0] <= $_[1] },
    '>=' => sub { $_[0] >= $_[1] },
);
my %MIRRORED = ( '=' => '=', '!=' => '!=', '<' => '>', '>' => '<', '<=' => '>=', '>=' => '<=' );

sub _comparison {
    my ( $operator, $left, $right ) = @_;
    my ( $kind_a, $code_a ) = @$left;
    my ( $kind_b, $code_b ) = @$right;

    # The most usual of all: @name = "text", and nodes = "text".
    if ( $operator eq '=' && $kind_a eq 'set' && defined $left->[2] && $kind_b eq 'string' && defined $right->[2] ) { return [ boolean => _attribute_is( $left->[2], $right->[2] ) ] }
    if ( $kind_a eq 'set' && $kind_b eq 'string' && $operator eq '=' ) {
        return [
            boolean => sub {
                my $nodes = $code_a->(@_);
                return 0 if !@$nodes;
                my $text = $code_b->(@_);
                for (@$nodes) { return 1 if text_of($_) eq $text }
                return 0;
            }
        ];
    }
    if ( $kind_a eq 'any' || $kind_b eq 'any' ) {
        return [
            boolean => sub {
                my ( $a, $b ) = ( $code_a->(@_), $code_b->(@_) );
                my ( $ka, $va ) = $kind_a eq 'any' ? @$a : ( $kind_a, $a );
                my ( $kb, $vb ) = $kind_b eq 'any' ? @$b : ( $kind_b, $b );
                return _compare( $operator, $ka, $va, $kb, $vb );
            }
        ];
    }
    return [ boolean => sub { return _compare( $operator, $kind_a, $code_a->(@_), $kind_b, $code_b->(@_) ) } ];
}

# Whether an attribute without a prefix has a value.
sub _attribute_is {
    my ( $name, $wanted ) = @_;

    # What it would look like in text, and what else could mean the same.
    my ( $text, $escape ) = ( qq{ $name="$wanted"}, $wanted =~ /[^ !#-%'-;=?-~]/ ? '=' : '&' );
    return sub {
        my $attributes = $_[0][ATTRS];
        return 0 if !defined $attributes;
        if ( !ref $attributes ) {
            return 0 if index( $attributes, $text ) < 0 && index( $attributes, $escape ) < 0;
            my $value = CPANBridge::Compat::LibXML::Builder::value_in( $attributes, $name );
            return defined $value && $value eq $wanted ? 1 : 0 if !ref $value;
            $attributes = attrs( $_[0] );
        }
        for (@$attributes) {
            return 1 if $_->[NAME] eq $name && !( $_->[NS] && defined $_->[NS][1] ) && attribute_value($_) eq $wanted;
        }
        return 0;
    };
}

sub _compare {
    my ( $operator, $kind_a, $a, $kind_b, $b ) = @_;
    my $equality = $operator eq '=' || $operator eq '!=';
    if ( $kind_a eq 'set' && $kind_b eq 'set' ) {
        my @b = map { text_of($_) } @$b;
        for my $text ( map { text_of($_) } @$a ) {
            for my $other (@b) {
                return 1 if !$equality ? $COMPARE{$operator}->( as_number( string => $text ), as_number( string => $other ) )
                  : $operator eq '=' ? $text eq $other
                  :                    $text ne $other;
            }
        }
        return 0;
    }
    return _compare( $MIRRORED{$operator}, $kind_b, $b, $kind_a, $a ) if $kind_b eq 'set';
    if ( $kind_a eq 'set' && $kind_b ne 'boolean' ) {
        my $strings = $equality && $kind_b eq 'string';
        my $number  = $strings ? undef : as_number( $kind_b, $b );
        for my $node (@$a) {
            my $text = text_of($node);
            return 1 if !$strings ? $COMPARE{$operator}->( as_number( string => $text ), $number )
              : $operator eq '=' ? $text eq $b
              :                    $text ne $b;
        }
        return 0;
    }
    if ( $equality && ( $kind_a eq 'boolean' || $kind_b eq 'boolean' ) ) {
        my $same = !as_boolean( $kind_a, $a ) == !as_boolean( $kind_b, $b );
        return $operator eq '=' ? $same : !$same;
    }
    return $operator eq '=' ? $a eq $b : $a ne $b if $equality && $kind_a eq 'string' && $kind_b eq 'string';
    return $COMPARE{$operator}->( as_number( $kind_a, $a ), as_number( $kind_b, $b ) );
}

sub _additive {
    my ($self) = @_;
    my $left = $self->_multiplicative;
    while ( my ($operator) = grep { $self->_take($_) } '+', '-' ) {
        my ( $first, $second ) = ( _to( number => $left ), _to( number => $self->_multiplicative ) );
        $left = [ number => $operator eq '+' ? sub { $first->(@_) + $second->(@_) } : sub { $first->(@_) - $second->(@_) } ];
    }
    return $left;
}

sub _multiplicative {
    my ($self) = @_;
    my $left = $self->_unary;
    while ( my ($operator) = grep { $self->{tokens}[ $self->{at} ] && $self->{tokens}[ $self->{at} ][0] eq 'operator' && $self->_take($_) } qw(* div mod) ) {
        my ( $first, $second ) = ( _to( number => $left ), _to( number => $self->_unary ) );
        $left = [
            number => $operator eq '*'
            ? sub { $first->(@_) * $second->(@_) }
            : $operator eq 'div' ? sub { CPANBridge::Compat::LibXML::XPathFunctions::divided( $first->(@_), $second->(@_) ) }
            :                      sub { CPANBridge::Compat::LibXML::XPathFunctions::remainder( $first->(@_), $second->(@_) ) }
        ];
    }
    return $left;
}

sub _unary {
    my ($self) = @_;
    my $minus = 0;
    $minus++ while $self->_take('-');
    my $left = $self->_union;
    return $left if !$minus;
    my $code = _to( number => $left );
    return [ number => $minus % 2 ? sub { -$code->(@_) } : $code ];
}

sub _union {
    my ($self) = @_;
    my $left = $self->_path;
    while ( $self->_take('|') ) {
        my ( $first, $second ) = map { $self->_set($_) } $left, $self->_path;
        $left = [ set => sub { return [ ordered( unique( @{ $first->(@_) }, @{ $second->(@_) } ) ) ] } ];
    }
    return $left;
}

# The sub of an expression that must give nodes.
sub _set {
    my ( $self, $expression ) = @_;
    my ( $kind, $code ) = @$expression;
    return $code if $kind eq 'set';
    my $text = $self->{text};
    return sub {
        my $value = $code->(@_);
        fail( 1210, 'Invalid type', $text, 0 ) if $kind ne 'any' || $value->[0] ne 'set';
        return $value->[1];
    };
}

# --- paths ------------------------------------------------------------------------------------------------------------

my %REVERSE = map { $_ => 1 } qw(ancestor ancestor-or-self preceding preceding-sibling parent);

my %KIND_OF_NODE = map { $_ => 1 } qw(node text comment processing-instruction);

sub _starts_primary {
    my ($self) = @_;
    my $token = $self->{tokens}[ $self->{at} ] or return 0;
    return 1 if $token->[0] eq 'literal' || $token->[0] eq 'number' || $token->[0] eq 'variable';
    return 1 if $self->_is('(');
    return $token->[0] eq 'name' && $self->_is( '(', 1 ) && ( $token->[3] || !$KIND_OF_NODE{ $token->[1] } );
}

sub _path {
    my ($self) = @_;
    if ( $self->_starts_primary ) {
        my $primary = $self->_primary;
        my @predicates;
        push @predicates, $self->_predicate while $self->_is('[');
        my $continued = $self->_is('/') || $self->_is('//');
        return $primary if !@predicates && !$continued;
        my $code = $self->_set($primary);
        if (@predicates) {
            my $inner = $code;
            $code = sub {
                my $nodes = $inner->(@_);
                $nodes = _filtered( $nodes, $_ ) for @predicates;
                return $nodes;
            };
        }
        return [ set => $code ] if !$continued;
        return [ set => _walk( $code, $self->_steps, 0 ) ];
    }
    if ( $self->_is('/') || $self->_is('//') ) {
        my $from_root = sub { my $root = root( $_[0] ); return [ $root->[DOC] || $root ] };
        if ( $self->_is('/') && !$self->_step_follows(1) ) {
            $self->{at}++;
            return [ set => $from_root ];
        }
        return [ set => _walk( $from_root, $self->_steps, 1 ) ];
    }
    $self->_wrong if !$self->_step_follows(0);
    my @steps = ( $self->_step, @{ $self->_steps } );
    my $step = $steps[0];
    return [ set => _walk( sub { return [ $_[0] ] }, \@steps, 1 ) ] if @steps > 1 || @{ $step->{predicates} } || $REVERSE{ $step->{axis} };

    # The usual thing inside predicates: one step from here.
    my ( $collect, $test ) = ( _collector($step), $step->{test} );
    my $code = sub {
        my @found;
        $collect->( $_[0], $test->(), \@found );
        return \@found;
    };
    return [ set => $code, $step->{axis} eq 'attribute' ? $step->{name} : undef ];
}

sub _step_follows {
    my ( $self, $ahead ) = @_;
    my $token = $self->{tokens}[ $self->{at} + $ahead ] or return 0;
    return 1 if $token->[0] eq 'name';
    return $token->[0] eq 'symbol' && $token->[1] =~ /\A(?:\.|\.\.|@|\*)\z/;
}

# The steps that follow slashes.
sub _steps {
    my ($self) = @_;
    my @steps;
    while (1) {
        if ( $self->_take('//') ) {
            my $step = $self->_step;

            # //x is descendant::x, unless positions among siblings count.
            if ( $step->{axis} eq 'child' && !grep { $_->{positional} } @{ $step->{predicates} } ) {
                push @steps, { %$step, axis => 'descendant' };
            }
            else { push @steps, { axis => 'descendant-or-self', test => sub { return sub {1} }, predicates => [] }, $step }
        }
        elsif ( $self->_take('/') ) { push @steps, $self->_step }
        else                        { last }
    }
    return \@steps;
}

my %AXIS = map { $_ => 1 } qw(
  ancestor ancestor-or-self attribute child descendant descendant-or-self following following-sibling namespace parent
  preceding preceding-sibling self
);

sub _step {
    my ($self) = @_;
    my $any = sub { return sub {1} };
    return { axis => 'self',   test => $any, predicates => [] } if $self->_take('.');
    return { axis => 'parent', test => $any, predicates => [] } if $self->_take('..');
    my $axis = 'child';
    if ( $self->_take('@') ) { $axis = 'attribute' }
    elsif ( $self->_is( '::', 1 ) ) {
        $axis = $self->{tokens}[ $self->{at} ][1];
        $self->_wrong if !$AXIS{$axis};
        $self->{at} += 2;
    }
    my $at = $self->{at};
    my $test = $self->_node_test($axis);
    my ( $kind, $name, undef, $prefix ) = @{ $self->{tokens}[$at] };
    undef $name if defined $prefix || $kind ne 'name' || $self->{at} > $at + 1;
    my @predicates;
    push @predicates, $self->_predicate while $self->_is('[');
    return { axis => $axis, test => $test, predicates => \@predicates, name => $name };
}

# Returns what makes a test of a node when an evaluation begins, as prefixes are known only then.
sub _node_test {
    my ( $self, $axis ) = @_;
    my $principal = $axis eq 'attribute' ? ATTRIBUTE : $axis eq 'namespace' ? NAMESPACE : ELEMENT;
    if ( $self->_take('*') ) {
        my $test = sub { return $_[0][TYPE] == $principal };
        return sub { return $test };
    }
    my $token = $self->{tokens}[ $self->{at} ];
    $self->_wrong if !$token || $token->[0] ne 'name';
    $self->{at}++;
    my ( undef, $name, undef, $prefix ) = @$token;
    if ( !$prefix && $self->_is('(') && $KIND_OF_NODE{$name} ) {
        $self->{at}++;
        my $target;
        if ( $name eq 'processing-instruction' && $self->{tokens}[ $self->{at} ] && $self->{tokens}[ $self->{at} ][0] eq 'literal' ) {
            $target = $self->{tokens}[ $self->{at}++ ][1];
        }
        $self->_expect(')');
        my $test =
            $name eq 'node'    ? sub {1}
          : $name eq 'text'    ? sub { return $_[0][TYPE] == TEXT || $_[0][TYPE] == CDATA }
          : $name eq 'comment' ? sub { return $_[0][TYPE] == COMMENT }
          :                      sub { return $_[0][TYPE] == PI && ( !defined $target || $_[0][NAME] eq $target ) };
        return sub { return $test };
    }
    if ( !defined $prefix ) {
        my $test =
          $principal == NAMESPACE
          ? sub { return $_[0][NAME] eq $name }
          : sub { my $node = $_[0]; return $node->[TYPE] == $principal && $node->[NAME] eq $name && !( $node->[NS] && defined $node->[NS][1] ) };
        return sub { return $test };
    }
    $self->{asks} = 1;
    return sub {
        my $uri = $prefix eq 'xml' ? XML_NS : $context->{ns}->($prefix);
        fail( 1219, 'Undefined namespace prefix', undef, undef ) if !defined $uri;
        return sub { my $ns = $_[0][NS]; return $_[0][TYPE] == $principal && $ns && defined $ns->[1] && $ns->[1] eq $uri }
          if $name eq '*';
        return sub {
            my $node = $_[0];
            return $node->[TYPE] == $principal && $node->[NAME] eq $name && $node->[NS] && defined $node->[NS][1] && $node->[NS][1] eq $uri;
        };
    };
}

sub _predicate {
    my ($self) = @_;
    $self->_expect('[');
    my $from = $self->{at};
    my $expression = $self->_or;
    my @tokens = @{ $self->{tokens} }[ $from .. $self->{at} - 1 ];
    $self->_expect(']');
    my ( $kind, $code ) = @$expression;

    # Whether the answer depends on where the node stands: the innermost ones of what is nested count for themselves,
    # but telling them apart is not worth it.
    my $positional = $kind eq 'number' || $kind eq 'any' || grep { $_->[0] eq 'name' && $_->[1] =~ /\A(?:position|last)\z/ } @tokens;
    return {
        positional => $positional,
        number     => $kind eq 'number' && @tokens == 1 ? $tokens[0][1] : undef,
        is_number  => $kind eq 'number',
        kind       => $kind,
        code       => $kind eq 'number' || $kind eq 'any' ? $code : _to( boolean => $expression ),
    };
}

sub _filtered {
    my ( $nodes, $predicate ) = @_;
    if ( defined( my $number = $predicate->{number} ) ) {
        return $number >= 1 && $number == int $number && $number <= @$nodes ? [ $nodes->[ $number - 1 ] ] : [];
    }
    my $code     = $predicate->{code};
    my $size     = @$nodes;
    my $position = 0;
    if ( $predicate->{is_number} ) { return [ grep { ++$position; $code->( $_, $position, $size ) == $position } @$nodes ] }
    if ( $predicate->{kind} eq 'any' ) {
        return [
            grep {
                ++$position;
                my ( $kind, $value ) = @{ $code->( $_, $position, $size ) };
                $kind eq 'number' ? $value == $position : as_boolean( $kind, $value )
            } @$nodes
        ];
    }
    return [ grep { ++$position; $code->( $_, $position, $size ) } @$nodes ];
}

# Does the steps one after the other, and keeps the nodes in the document's order.
sub _walk {
    my ( $start, $steps, $single ) = @_;
    $_->{collect} = _collector($_) for @$steps;
    return sub {
        my $nodes = $start->(@_);
        my $apart = $single || @$nodes < 2;    # whether no node stands within another one
        for my $step (@$steps) {
            my ( $axis, $predicates, $collect ) = @$step{qw(axis predicates collect)};
            my $test = $step->{test}->();
            my @found;
            if ( !@$predicates ) { $collect->( $_, $test, \@found ) for @$nodes }
            else {
                for my $node (@$nodes) {
                    my $list = [];
                    $collect->( $node, $test, $list );
                    $list = _filtered( $list, $_ ) for @$predicates;
                    push @found, $REVERSE{$axis} ? reverse @$list : @$list;
                }
            }
            if ( @$nodes > 1 ) {
                if ( $axis eq 'child' || $axis eq 'descendant' || $axis eq 'descendant-or-self' ) {
                    if ( @found > 1 && !$apart && !apart($nodes) ) { @found = ordered( $axis eq 'child' ? @found : unique(@found) ) }
                }
                elsif ( $axis ne 'attribute' && $axis ne 'self' && $axis ne 'namespace' ) { @found = ordered( unique(@found) ) }
            }
            elsif ( $REVERSE{$axis} && !@$predicates ) { @found = reverse @found }
            $apart = 0 if $axis ne 'child' && $axis ne 'attribute' && $axis ne 'self';
            $apart = 1 if @found < 2;
            $nodes = \@found;
        }
        return $nodes;
    };
}

# What collects a step's nodes. Names without a prefix are the most usual, and have something of their own: what is text
# yet, and in which no such name stands, need not be looked into.
my %BY_NAME = ( child => \&_children_named, descendant => \&_descendants_named, attribute => \&_attributes_named );

sub _collector {
    my ($step) = @_;
    my ( $axis, $name ) = @$step{qw(axis name)};
    my $code = \&{"_$axis"};
    my $by_name = $BY_NAME{$axis};
    return $code if !defined $name || !$by_name;
    my $mark = $axis eq 'attribute' ? " $name=" : "<$name";
    utf8::encode($mark);
    return sub { return $by_name->( $_[0], $name, $mark, $_[2] ) };
}

sub _children_named {
    my ( $node, $name, $mark, $found ) = @_;
    my $kids = $node->[KIDS];
    return if !defined $kids || $node->[TYPE] == ATTRIBUTE;
    if ( !ref $kids ) {
        return if index( $kids, $mark ) < 0;
        $kids = kids($node);
    }
    for (@$kids) { push @$found, $_ if $_->[TYPE] == ELEMENT && $_->[NAME] eq $name && !( $_->[NS] && defined $_->[NS][1] ) }
    return;
}

sub _descendants_named {
    my ( $node, $name, $mark, $found ) = @_;
    my $kids = $node->[KIDS];
    return if !defined $kids || $node->[TYPE] == ATTRIBUTE;
    if ( !ref $kids ) {
        return if index( $kids, $mark ) < 0;
        $kids = kids($node);
    }
    for my $kid (@$kids) {
        next if $kid->[TYPE] != ELEMENT;
        push @$found, $kid if $kid->[NAME] eq $name && !( $kid->[NS] && defined $kid->[NS][1] );
        my $inside = $kid->[KIDS];
        _descendants_named( $kid, $name, $mark, $found ) if ref $inside || defined $inside && index( $inside, $mark ) >= 0;
    }
    return;
}

sub _attributes_named {
    my ( $node, $name, $mark, $found ) = @_;
    my $attributes = $node->[ATTRS];
    return if !defined $attributes;
    if ( !ref $attributes ) {
        return if index( $attributes, $mark ) < 0;
        $attributes = attrs($node);
    }
    for (@$attributes) { push @$found, $_ if $_->[NAME] eq $name && !( $_->[NS] && defined $_->[NS][1] ) }
    return;
}

# --- axes: add the nodes that pass a test, nearest first --------------------------------------------------------------

{
    no strict 'refs';
    *{'_descendant-or-self'} = sub {
        my ( $node, $test, $found ) = @_;
        push @$found, $node if $test->($node);
        return _descendant( $node, $test, $found );
    };
    *{'_ancestor-or-self'} = sub {
        my ( $node, $test, $found ) = @_;
        push @$found, $node if $test->($node);
        return _ancestor( $node, $test, $found );
    };
    *{'_following-sibling'} = sub { my ( $node, $test, $found ) = @_; push @$found, grep { $test->($_) } _siblings( $node, 1 ); return };
    *{'_preceding-sibling'} = sub { my ( $node, $test, $found ) = @_; push @$found, grep { $test->($_) } _siblings( $node, -1 ); return };
}

sub _self { my ( $node, $test, $found ) = @_; push @$found, $node if $test->($node); return }

sub _child {
    my ( $node, $test, $found ) = @_;
    return if !defined $node->[KIDS] || $node->[TYPE] == ATTRIBUTE;
    push @$found, grep { $_->[TYPE] != DTD && $test->($_) } @{ kids($node) };
    return;
}

sub _descendant {
    my ( $node, $test, $found ) = @_;
    return if !defined $node->[KIDS] || $node->[TYPE] == ATTRIBUTE;
    my @todo = reverse @{ kids($node) };
    while ( my $kid = pop @todo ) {
        next if $kid->[TYPE] == DTD;
        push @$found, $kid if $test->($kid);
        push @todo, reverse @{ kids($kid) } if defined $kid->[KIDS];
    }
    return;
}

sub _parent {
    my ( $node, $test, $found ) = @_;
    my $parent = $node->[PARENT];
    push @$found, $parent if $parent && $test->($parent);
    return;
}

sub _ancestor {
    my ( $node, $test, $found ) = @_;
    while ( $node = $node->[PARENT] ) { push @$found, $node if $test->($node) }
    return;
}

sub _attribute {
    my ( $node, $test, $found ) = @_;
    $test->($_) and push @$found, $_ for @{ attrs($node) || [] };
    return;
}

sub _namespace {
    my ( $node, $test, $found ) = @_;
    return if $node->[TYPE] != ELEMENT;
    for my $ns ( in_scope($node) ) {
        my $pseudo = new_namespace( $node, $ns );
        push @$found, $pseudo if $test->($pseudo);
    }
    return;
}

sub _siblings {
    my ( $node, $direction ) = @_;
    my $parent = $node->[PARENT];
    return if !$parent || $node->[TYPE] == ATTRIBUTE || $node->[TYPE] == NAMESPACE;
    my $at   = child_index($node);
    my $kids = $parent->[KIDS];
    return grep { $_->[TYPE] != DTD } $direction > 0 ? @$kids[ $at + 1 .. $#$kids ] : reverse @$kids[ 0 .. $at - 1 ];
}

sub _following {
    my ( $node, $test, $found ) = @_;
    if ( $node->[TYPE] == ATTRIBUTE || $node->[TYPE] == NAMESPACE ) {
        $node = $node->[PARENT];
        _descendant( $node, $test, $found ) if $node;
    }
    for ( ; $node ; $node = $node->[PARENT] ) {
        for my $sibling ( _siblings( $node, 1 ) ) {
            push @$found, $sibling if $test->($sibling);
            _descendant( $sibling, $test, $found );
        }
    }
    return;
}

sub _preceding {
    my ( $node, $test, $found ) = @_;
    $node = $node->[PARENT] if $node->[TYPE] == ATTRIBUTE || $node->[TYPE] == NAMESPACE;
    for ( ; $node ; $node = $node->[PARENT] ) {
        for my $sibling ( _siblings( $node, -1 ) ) {
            my @inside;
            _descendant( $sibling, $test, \@inside );
            push @$found, reverse @inside;
            push @$found, $sibling if $test->($sibling);
        }
    }
    return;
}

# --- primary expressions ----------------------------------------------------------------------------------------------

sub _primary {
    my ($self) = @_;
    if ( $self->_take('(') ) {
        my $inner = $self->_or;
        $self->_expect(')');
        return $inner;
    }
    my ( $type, $value, $at, $prefix ) = @{ $self->{tokens}[ $self->{at}++ ] };
    return [ string => sub {$value}, $value ] if $type eq 'literal';
    return [ number => sub {$value} ] if $type eq 'number';
    if ( $type eq 'variable' ) {
        $self->{asks} = 1;
        return [
            any => sub {
                my $uri = defined $prefix ? $context->{ns}->($prefix) : undef;
                return $context->{variable}->( $value, $uri );
            }
        ];
    }
    $self->_expect('(');
    my @arguments;
    if ( !$self->_is(')') ) {
        do { push @arguments, $self->_or } while $self->_take(',');
    }
    $self->_expect(')');
    return $self->_call( $value, $prefix, @arguments );
}

# A function that the caller has defined comes before ours.
sub _call {
    my ( $self, $name, $prefix, @arguments ) = @_;
    my $ours = defined $prefix ? undef : $FUNCTION{$name};
    my $text = $self->{text};
    my $theirs = sub {
        my @values = map { $_->[0] eq 'any' ? $_->[1]->(@_) : [ $_->[0], $_->[1]->(@_) ] } @arguments;
        my $uri = defined $prefix ? $context->{ns}->($prefix) : undef;
        return $context->{function}->( $name, $uri, \@values );
    };
    if ( !$ours ) { $self->{asks} = 1; return [ any => $theirs ] }
    my ( $kind, $least, $most, $kinds, $code ) = @$ours;
    fail( 1212, 'Invalid number of arguments', $text, length $text )
      if @arguments < $least || defined $most && @arguments > $most;
    my @codes;
    for my $i ( 0 .. $#arguments ) {
        my $wanted = $kinds->[ $i < @$kinds ? $i : -1 ];
        push @codes,
            $wanted eq 'set' ? $self->_set( $arguments[$i] )
          : $wanted eq 'any' ? ( $arguments[$i][0] eq 'any' ? $arguments[$i][1] : do { my ( $its, $inner ) = @{ $arguments[$i] }; sub { [ $its, $inner->(@_) ] } } )
          :                    _to( $wanted => $arguments[$i] );
    }
    my $own = sub {
        my @place = @_;
        return $code->( \@place, map { $_->(@place) } @codes );
    };
    return [ $kind => $own ];
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::LibXML::XPath - XPath 1.0

=head1 DESCRIPTION

Used by our L<XML::LibXML>; programs have no need of it.

=head1 FUNCTIONS

=head2 compile

    my $expression = compile('//a[@b]');

=head2 known

    my $expression = known('//a[@b]');

The same if it is at hand already, and has no prefixes, variables and functions of the caller's; else undef.

=head2 evaluate

    my ( $kind, $value ) = evaluate( $expression, $node, $position, $size, \%context );

The kind is C<set>, C<number>, C<string> or C<boolean>. The context holds subs: C<ns> returns the URI of a prefix,
C<variable> and C<function> return a kind and a value in an array.

=head2 fail

Dies with a hash that holds libxml2's number and text for an error.

=cut
