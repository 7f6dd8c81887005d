package CPANBridge::Compat::DBI::NanoParser;

use strict;
use warnings;

use Scalar::Util ();

our $VERSION = '0.1.0';

# Takes a statement apart and returns what DBI::SQL::Nano::Statement_ keeps of it. Conditions and expressions become
# subs, which are called with the row, the numbers of the columns by their names, and the parameters. An unknown truth
# value is undef, as SQL has it.
#
# A parser is a hash of text, tokens, the number of the next token, and the number of placeholders so far.

my %WORD = map { $_ => 1 } qw(
  ALL AND AS ASC BETWEEN BY CLIKE CREATE DELETE DESC DISTINCT DROP EXISTS FROM IF IN INSERT INTO IS LIKE LIMIT NOT NULL
  OFFSET OR ORDER SELECT SET TABLE UPDATE VALUES WHERE
);

# Those of them that can be the name of a column, too: what they mean where a column is expected is that.
my %COLUMN = map { $_ => 1 } qw(
  ALL ASC BY CLIKE CREATE DELETE DESC DROP EXISTS IF INSERT INTO LIMIT OFFSET TABLE UPDATE
);

my $ENGINE = 'the SQL engine of DBI::SQL::Nano has no such thing, SQL::Statement has';

sub parse {
    my ( $class, $text ) = @_;
    my $self = bless { text => $text, at => 0, params => 0 }, $class;
    $self->{tokens} = $self->_tokens;
    my $command = uc $self->_next;
    my $method  = $self->can("_parse_\L$command");
    $self->_fail("$command is not one of SELECT, INSERT, UPDATE, DELETE, CREATE and DROP")
      if $command !~ /\A(?:SELECT|INSERT|UPDATE|DELETE|CREATE|DROP)\z/ || !$method;
    my $parsed = { command => $command, $self->$method };
    $self->_take(';');
    $self->_fail( 'nothing was expected after the statement, but there is ' . $self->_shown ) if $self->{at} < @{ $self->{tokens} };
    $parsed->{params} = [ ('?') x $self->{params} ];
    return $parsed;
}

# A token is [ kind, text, where it begins ]; kinds are word, quoted (an identifier), string, number and sign.
sub _tokens {
    my ($self) = @_;
    my @tokens;
    for ( $self->{text} ) {
        pos = 0;
        while (1) {
            next if /\G(?:\s+|--[^\n]*|\/\*.*?\*\/)/gcs;
            my $where = pos;
            if    (/\G\z/gc)                                        { last }
            elsif (/\G'((?:[^']|'')*)'/gcs)                         { push @tokens, [ string => _undoubled( $1, "'" ), $where ] }
            elsif (/\G"((?:[^"]|"")+)"/gcs)                         { push @tokens, [ quoted => _undoubled( $1, '"' ), $where ] }
            elsif (/\G`([^`]+)`/gcs)                                { push @tokens, [ quoted => $1, $where ] }
            elsif (/\G(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)(?!\w)/gc) { push @tokens, [ number => $1, $where ] }
            elsif (/\G(\w[\w\$]*)/gc)                               { push @tokens, [ word => $1, $where ] }
            elsif (/\G(<>|!=|<=|>=|==|\|\||[-+*\/%(),;?=<>.\$:~\@#&^\[\]{}\\!])/gc) { push @tokens, [ sign => $1, $where ] }
            elsif (/\G['"`]/gc) { $self->_fail( 'a quote is opened and not closed: ' . substr $_, $where, 20 ) }
            else { /\G(.)/gcs; push @tokens, [ sign => $1, $where ] }
        }
    }
    return \@tokens;
}

sub _undoubled { my ( $text, $quote ) = @_; $text =~ s/$quote$quote/$quote/g; return $text }

sub _fail {
    my ( $self, $why ) = @_;
    my $text = $self->{text};
    $text = substr( $text, 0, 200 ) . '...' if length $text > 203;
    die "Couldn't parse '$text': $why\n";
}

# --- tokens ---------------------------------------------------------------------------------------------------------

sub _peek { my ( $self, $more ) = @_; return $self->{tokens}[ $self->{at} + ( $more || 0 ) ] || [ end => '', length $self->{text} ] }

sub _next { my ($self) = @_; my $token = $self->_peek; $self->{at}++; return $token->[1] }

sub _shown {
    my ($self) = @_;
    my ( $kind, $text ) = @{ $self->_peek };
    return $kind eq 'end' ? 'the end' : $kind eq 'string' ? "the string '$text'" : "'$text'";
}

# Whether a word or sign is next; takes it if so.
sub _take {
    my ( $self, @wanted ) = @_;
    for my $number ( 0 .. $#wanted ) {
        my ( $kind, $text ) = @{ $self->_peek($number) };
        return 0 if $kind ne 'word' && $kind ne 'sign' || uc $text ne $wanted[$number];
    }
    $self->{at} += @wanted;
    return 1;
}

sub _expect {
    my ( $self, @wanted ) = @_;
    for my $wanted (@wanted) {
        $self->_take($wanted) or $self->_fail( "$wanted was expected, but there is " . $self->_shown );
    }
    return;
}

sub _list {
    my ( $self, $one ) = @_;
    my @found = $one->();
    while ( $self->_take(',') ) { push @found, $one->() }
    return @found;
}

# A table's name: an identifier, perhaps after that of a schema, or the path of a file. One in quotes keeps them, which
# tells whoever opens the table that upper and lower case differ in it.
sub _table {
    my ($self) = @_;
    my ( $kind, $text, $where ) = @{ $self->_peek };
    if ( $kind eq 'quoted' || $kind eq 'string' ) {
        $self->{at}++;
        return $self->_table if $kind eq 'quoted' && $self->_take('.');
        return qq("$text");
    }
    my ($name) = substr( $self->{text}, $where ) =~ /\A([^\s,;()'"?=<>]+)/;
    $self->_fail( 'the name of a table was expected, but there is ' . $self->_shown )
      if !defined $name || $kind eq 'word' && $WORD{ uc $text } && $name eq $text;
    $self->{at}++ while $self->_peek->[0] ne 'end' && $self->_peek->[2] < $where + length $name;
    return $self->_table if $name =~ /\A\w+\.\z/ && $self->_peek->[0] eq 'quoted';
    return $name;
}

sub _from {
    my ($self) = @_;
    my $table = $self->_table;
    my $alias;
    if ( $self->_take('AS') || $self->_peek->[0] =~ /\A(?:word|quoted)\z/ && !$WORD{ uc $self->_peek->[1] } ) {
        $alias = $self->_next;
    }
    my $next = uc $self->_peek->[1];
    $self->_fail("one table was expected, but more are named: $ENGINE")
      if $next eq ',' || defined $alias && $alias =~ /\A(?:NATURAL|INNER|LEFT|RIGHT|FULL|CROSS|OUTER|JOIN)\z/i || $next eq 'JOIN';
    return ( table_name => $table, defined $alias ? ( alias => $alias ) : () );
}

# A column's name, perhaps after that of its table.
sub _column {
    my ($self) = @_;
    my ( $kind, $text ) = @{ $self->_peek };
    $self->_fail( 'the name of a column was expected, but there is ' . $self->_shown )
      if $kind ne 'word' && $kind ne 'quoted' || $kind eq 'word' && $WORD{ uc $text } && !$COLUMN{ uc $text };
    $self->{at}++;
    return $self->_column if $self->_take('.');
    $self->_fail("$text(...) is a function: $ENGINE") if $kind eq 'word' && $self->_peek->[1] eq '(' && $self->_peek->[0] eq 'sign';
    return $text;
}

# --- statements -----------------------------------------------------------------------------------------------------

sub _parse_create {
    my ($self) = @_;
    $self->_fail("temporary tables were asked for: $ENGINE") if $self->_peek->[1] =~ /\A(?:TEMP|TEMPORARY|GLOBAL|LOCAL)\z/i;
    $self->_expect('TABLE');
    my $table = $self->_table;
    $self->_expect('(');
    my @columns = $self->_list( sub { return $self->_column_definition } );
    $self->_expect(')');
    my %seen;
    for my $name (@columns) { $self->_fail("column '$name' is there twice") if $seen{ lc $name }++ }
    return ( table_name => $table, column_names => \@columns );
}

# Types and constraints are taken and mean nothing. A constraint of the table's is no column.
sub _column_definition {
    my ($self) = @_;
    my ( $kind, $text ) = @{ $self->_peek };
    my $constraint = $kind eq 'word'
      && ( $text =~ /\A(?:CONSTRAINT|CHECK|FOREIGN)\z/i && $self->_peek(1)->[0] ne 'sign'
        || $text =~ /\A(?:PRIMARY|UNIQUE|FOREIGN)\z/i && $self->_peek(1)->[1] =~ /\A(?:KEY|\()\z/i );
    my @name = $kind eq 'string' && $self->{at}++ ? $text : $constraint ? () : $self->_column;
    my $depth = 0;
    while (1) {
        my ( $kind, $text ) = @{ $self->_peek };
        last if $kind eq 'end' || !$depth && $kind eq 'sign' && $text =~ /\A[,);]\z/;
        $depth += $text eq '(' ? 1 : $text eq ')' ? -1 : 0 if $kind eq 'sign';
        $self->{at}++;
    }
    return @name;
}

sub _parse_drop {
    my ($self) = @_;
    $self->_expect('TABLE');
    my $ignore = $self->_take( 'IF', 'EXISTS' );
    return ( table_name => $self->_table, ignore_missing_table => $ignore );
}

sub _parse_insert {
    my ($self) = @_;
    $self->_take('INTO');
    my $table = $self->_table;
    my @columns;
    if ( $self->_take('(') ) {
        @columns = $self->_list( sub { return $self->_column } );
        $self->_expect(')');
    }
    $self->_expect('VALUES');
    my @rows = $self->_list(
        sub {
            $self->_expect('(');
            my @values = $self->_list( sub { return $self->_expression } );
            $self->_expect(')');
            $self->_fail( @columns . ' columns are named, but there are ' . @values . ' values' ) if @columns && @columns != @values;
            return \@values;
        }
    );
    return ( table_name => $table, column_names => \@columns, values => \@rows );
}

sub _parse_update {
    my ($self) = @_;
    my $table = $self->_table;
    $self->_expect('SET');
    my ( @columns, @values );
    $self->_list(
        sub {
            push @columns, $self->_column;
            $self->_expect('=');
            push @values, $self->_expression;
            return;
        }
    );
    return ( table_name => $table, column_names => \@columns, values => \@values, $self->_where );
}

sub _parse_delete {
    my ($self) = @_;
    $self->_expect('FROM');
    return ( table_name => $self->_table, $self->_where );
}

sub _parse_select {
    my ($self) = @_;
    my $distinct = $self->_take('DISTINCT');
    $self->_take('ALL');
    my @columns = $self->_list( sub { return $self->_selected } );
    $self->_expect('FROM');
    my %parsed = ( column_names => [ map { $_->[0] } @columns ], selected => \@columns, distinct => $distinct, $self->_from, $self->_where );
    if ( $self->_take( 'ORDER', 'BY' ) ) {
        $parsed{order_clause} = [
            $self->_list(
                sub {
                    my $column = $self->_peek->[0] eq 'number' ? $self->_next : $self->_column;
                    my $desc = $self->_take('DESC');
                    $self->_take('ASC') if !$desc;
                    return [ $column, $desc ];
                }
            )
        ];
    }
    if ( $self->_take('LIMIT') ) {
        my @numbers = $self->_number;
        if    ( $self->_take('OFFSET') ) { push @numbers, $self->_number }
        elsif ( $self->_take(',') )      { unshift @numbers, $self->_number }
        @parsed{qw(limit offset)} = @numbers;
    }
    $self->_fail( "\U$1\E was not expected: $ENGINE" ) if $self->_peek->[1] =~ /\A(GROUP|HAVING|UNION)\z/i;
    return %parsed;
}

# [ name, what computes it ]; for all columns there is a star and nothing else.
sub _selected {
    my ($self) = @_;
    return ['*'] if $self->_take('*');
    if ( $self->_peek(1)->[1] eq '.' && $self->_peek(2)->[1] eq '*' ) { $self->{at} += 3; return ['*'] }
    my $begin = $self->_peek->[2];
    my $first = $self->{at};
    my $value = $self->_expression;
    my $name  = substr $self->{text}, $begin, $self->_peek->[2] - $begin;
    $name =~ s/\s+\z//;
    $name = $self->{tokens}[ $self->{at} - 1 ][1] if $value->{column};
    if ( $self->_take('AS') || $self->_peek->[0] eq 'quoted' || $self->_peek->[0] eq 'word' && !$WORD{ uc $self->_peek->[1] } ) {
        $name = $self->_next;
    }
    return [ $name, $value ];
}

sub _number {
    my ($self) = @_;
    my ( $kind, $text ) = @{ $self->_peek };
    $self->_fail( 'a number was expected, but there is ' . $self->_shown ) if $kind ne 'number' || $text =~ /\D/;
    return $self->_next;
}

# --- conditions -----------------------------------------------------------------------------------------------------

# Besides the sub there is what a look-up by a key needs: key_column and key_value, of a condition that is one equation.
sub _where {
    my ($self) = @_;
    return if !$self->_take('WHERE');
    my $where = $self->_condition;
    return ( where_clause => $where );
}

sub _condition   { my ($self) = @_; return $self->_joined( 'OR',  '_conjunction', 1 ) }
sub _conjunction { my ($self) = @_; return $self->_joined( 'AND', '_negation',    0 ) }

# Parts of which one decides: a true one where they are joined by OR, a false one where by AND.
sub _joined {
    my ( $self, $word, $next, $decisive ) = @_;
    my @parts = $self->$next;
    while ( $self->_take($word) ) { push @parts, $self->$next }
    return $parts[0] if @parts == 1;
    return {
        code => sub {
            my $unknown;
            for my $part (@parts) {
                my $true = $part->{code}->(@_);
                if    ( !defined $true )       { $unknown = 1 }
                elsif ( !$true == !$decisive ) { return $decisive }
            }
            return $unknown ? undef : 1 - $decisive;
        }
    };
}

sub _negation {
    my ($self) = @_;
    if ( $self->_take('NOT') ) { return _not( 1, $self->_negation->{code} ) }
    if ( $self->_peek->[1] eq '(' && $self->_peek->[0] eq 'sign' ) {

        # What is in the parentheses may be a condition, or the first part of an expression.
        my ( $at, $params ) = @$self{qw(at params)};
        my $condition = eval {
            local $SIG{__DIE__};
            $self->_expect('(');
            my $inner = $self->_condition;
            $self->_expect(')');
            $inner;
        };
        return $condition if $condition;
        @$self{qw(at params)} = ( $at, $params );
    }
    return $self->_predicate;
}

sub _not {
    my ( $negated, $code ) = @_;
    return { code => $code } if !$negated;
    return { code => sub { my $true = $code->(@_); return defined $true ? !$true || 0 : undef } };
}

my %COMPARE = (
    '='  => sub { $_[0] == 0 },
    '==' => sub { $_[0] == 0 },
    '<>' => sub { $_[0] != 0 },
    '!=' => sub { $_[0] != 0 },
    '<'  => sub { $_[0] < 0 },
    '<=' => sub { $_[0] <= 0 },
    '>'  => sub { $_[0] > 0 },
    '>=' => sub { $_[0] >= 0 },
);

# Compares as numbers what are numbers on both sides, and as strings everything else; undef with one that is NULL.
sub compare {
    my ( $one, $other ) = @_;
    return undef if !defined $one || !defined $other;
    return Scalar::Util::looks_like_number($one) && Scalar::Util::looks_like_number($other) ? $one <=> $other : $one cmp $other;
}

sub _predicate {
    my ($self) = @_;
    my $left   = $self->_expression;
    my $first  = $left->{code};
    my $negated = 0;
    if ( $self->_take('IS') ) {
        $negated = $self->_take('NOT');
        $self->_expect('NULL');

        # Files often cannot tell nothing from an empty string.
        return _not( $negated, sub { my $value = $first->(@_); return !defined $value || $value eq '' ? 1 : 0 } );
    }
    $negated = $self->_take('NOT');
    if ( $self->_take('IN') ) {
        $self->_expect('(');
        my @values = map { $_->{code} } $self->_list( sub { return $self->_expression } );
        $self->_expect(')');
        return _not( $negated, sub { return _in( \@values, $first, @_ ) } );
    }
    if ( $self->_take('BETWEEN') ) {
        my $low = $self->_expression->{code};
        $self->_expect('AND');
        my $high = $self->_expression->{code};
        return _not( $negated, sub { return _between( $first, $low, $high, @_ ) } );
    }
    for my $operator ( 'LIKE', 'CLIKE' ) {
        next if !$self->_take($operator);
        my $pattern = $self->_expression->{code};
        my $fold    = $operator eq 'CLIKE';
        my %made;
        return _not(
            $negated,
            sub {
                my ( $value, $like ) = ( $first->(@_), $pattern->(@_) );
                return undef if !defined $value || !defined $like;
                return $value =~ ( $made{$like} ||= _pattern( $like, $fold ) ) ? 1 : 0;
            }
        );
    }
    my $operator = $self->_peek->[1];
    my $test = $self->_peek->[0] eq 'sign' && $COMPARE{$operator};
    $self->_fail( 'an operator such as = or LIKE was expected, but there is ' . $self->_shown ) if $negated || !$test;
    $self->{at}++;
    my $right  = $self->_expression;
    my $second = $right->{code};
    my %condition = (
        code => sub {
            my $order = compare( $first->(@_), $second->(@_) );
            return defined $order ? $test->($order) || 0 : undef;
        }
    );
    if ( $operator eq '=' || $operator eq '==' ) {
        ( $left, $right ) = ( $right, $left ) if !$left->{column};
        @condition{qw(key_column key_value)} = ( $left->{column}, $right->{code} ) if $left->{column} && $right->{constant};
    }
    return \%condition;
}

sub _in {
    my ( $values, $first, @row ) = @_;
    my $value = $first->(@row);
    my $unknown;
    for my $code (@$values) {
        my $order = compare( $value, $code->(@row) );
        return 1 if defined $order && $order == 0;
        $unknown = 1 if !defined $order;
    }
    return $unknown ? undef : 0;
}

sub _between {
    my ( $first, $low, $high, @row ) = @_;
    my $value  = $first->(@row);
    my @orders = ( compare( $value, $low->(@row) ), compare( $value, $high->(@row) ) );
    return 0 if defined $orders[0] && $orders[0] < 0 || defined $orders[1] && $orders[1] > 0;
    return defined $orders[0] && defined $orders[1] ? 1 : undef;
}

sub _pattern {
    my ( $like, $fold ) = @_;
    my $text = join '', map { $_ eq '%' ? '.*' : $_ eq '_' ? '.' : quotemeta } split /([%_])/, $like;
    return $fold ? qr/\A$text\z/si : qr/\A$text\z/s;
}

# --- expressions ----------------------------------------------------------------------------------------------------

# An expression is { code }, and column (the name) where it is nothing else than one, or constant (true).
sub _expression {
    my ($self) = @_;
    return $self->_operation( \&_product, '+', '-', '||' );
}

sub _product { my ($self) = @_; return $self->_operation( \&_factor, '*', '/', '%' ) }

my %OPERATION = (
    '+'  => sub { $_[0] + $_[1] },
    '-'  => sub { $_[0] - $_[1] },
    '||' => sub { $_[0] . $_[1] },
    '*'  => sub { $_[0] * $_[1] },
    '/'  => sub { $_[1] ? $_[0] / $_[1] : die "division by zero\n" },
    '%'  => sub { $_[1] ? $_[0] % $_[1] : die "division by zero\n" },
);

sub _operation {
    my ( $self, $part, @operators ) = @_;
    my $value = $self->$part;
  OPERATOR: while (1) {
        for my $operator (@operators) {
            next if !$self->_take($operator);
            my ( $first, $second, $compute ) = ( $value->{code}, $self->$part->{code}, $OPERATION{$operator} );
            $value = {
                code => sub {
                    my @values = ( scalar $first->(@_), scalar $second->(@_) );
                    return undef if grep { !defined } @values;
                    no warnings 'numeric';
                    return $compute->(@values);
                }
            };
            next OPERATOR;
        }
        return $value;
    }
}

sub _factor {
    my ($self) = @_;
    my ( $kind, $text ) = @{ $self->_peek };
    if ( $kind eq 'string' ) { $self->{at}++; return { constant => 1, code => sub { return $text } } }
    if ( $kind eq 'number' ) { $self->{at}++; return { constant => 1, code => sub { return $text } } }
    if ( $self->_take('NULL') ) { return { constant => 1, code => sub { return undef } } }
    if ( $self->_take('?') ) {
        my $number = $self->{params}++;
        return { constant => 1, code => sub { return $_[2][$number] } };
    }
    if ( $kind eq 'sign' && $text =~ /\A[-+]\z/ ) {
        $self->{at}++;
        my ( $kind, $digits ) = @{ $self->_peek };
        if ( $kind eq 'number' ) { $self->{at}++; return { constant => 1, code => sub { return $text eq '-' ? "-$digits" : $digits } } }
        my $code = $self->_factor->{code};
        return { code => sub { my $value = $code->(@_); return defined $value && $text eq '-' ? -$value : $value } };
    }
    if ( $self->_take('(') ) {
        my $inner = $self->_expression;
        $self->_expect(')');
        return { code => $inner->{code} };
    }
    my $name = $self->_column;
    return {
        column => $name,
        code   => sub {
            my ( $row, $number_of ) = @_;
            my $number = exists $number_of->{$name} ? $number_of->{$name} : $number_of->{ lc $name };
            die "No such column '$name'\n" if !defined $number;
            return $row->[$number];
        }
    };
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::NanoParser - takes apart the statements of DBI::SQL::Nano

=head1 DESCRIPTION

Used by the replacement of L<DBI::SQL::Nano>, which says what SQL is understood; programs have no need of it.

=head1 FUNCTIONS

=head2 parse

    my $parsed = CPANBridge::Compat::DBI::NanoParser->parse($statement);

Returns a hash: C<command>, C<table_name> (in double quotes where the statement has them), C<column_names>, C<values>,
C<where_clause>, C<order_clause>, C<limit>, C<offset>, C<params> and what else the command needs. Dies with a text that
says what is wrong.

=head2 compare

Compares two values as numbers if both are some, else as strings; returns undef if one is undef.

=cut
